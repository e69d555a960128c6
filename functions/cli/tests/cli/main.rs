//! The program as people and scripts run it, against a server in the API's place.

mod api_double;
mod changes;
mod code;
mod credentials;
mod doctor;
mod events;
mod fixtures;
mod pages;
mod reference;
mod shares;
mod usage;
mod waiting;

use std::process::{Command, Output, Stdio};

use api_double::ApiDouble;
use serde_json::Value;

fn command(address: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_managed-https"));
    command
        .args(arguments)
        .env_clear()
        .env("MANAGED_HTTPS_API", address)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .stdin(Stdio::null());
    command
}

fn run(api: &ApiDouble, arguments: &[&str]) -> Output {
    command(&api.address, arguments).output().expect("the program starts")
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

fn json_out(output: &Output) -> Value {
    serde_json::from_str(out(output)).unwrap_or_else(|_| panic!("no JSON: {output:?}"))
}

#[track_caller]
fn assert_status(output: &Output, status: i32) {
    assert_eq!(output.status.code(), Some(status), "{}\n{}", out(output), err(output));
}

/// The whole screen, with `#` for the number of days from today.
fn screen(output: &Output) -> String {
    let words: Vec<_> = out(output).split(' ').collect();
    let mut screen: Vec<&str> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let counts = words.get(index + 1).is_some_and(|next| next.starts_with("days"));
        let number = word.trim_start_matches('(');
        match counts && number.bytes().all(|b| b.is_ascii_digit()) {
            true => screen.push(if word.len() == number.len() { "#" } else { "(#" }),
            false => screen.push(word),
        }
    }
    screen.join(" ")
}
