//! `local-cloud`: starts and stops a cloud on this machine.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use local_cloud::{CaOptions, DEFAULT_NAME, LocalCloud, Options, Ports, ServeOptions};

/// AWS, a CA, DNS and a load balancer on this machine, with the stack deployed.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a cloud, deploy the stack to it, and leave it running
    Up(UpArguments),
    /// Stop a cloud, whether it came up or not
    Down(Name),
    /// Show the processes of a cloud
    Status(Name),
    /// Play five stories on a fresh cloud, and stop it
    Demo(Name),
    /// Issue a first certificate on a cloud that stays, and say what to open
    Try(TryArguments),
    /// Follow what the functions of a cloud write
    Logs(LogsArguments),
    /// Give a function of a running cloud the program that was built last
    Redeploy(RedeployArguments),
    /// Print a token of somebody, for `Authorization: Bearer`
    Token(TokenArguments),
    /// Run the name servers, the edge and the token issuer of a cloud (`up` does)
    Serve(ServeOptions),
}

#[derive(Args)]
struct Name {
    /// Distinguishes clouds that run side by side
    #[arg(long, default_value = DEFAULT_NAME)]
    name: String,
}

#[derive(Args)]
struct TryArguments {
    #[command(flatten)]
    name: Name,
    /// The host to issue for, below .test
    #[arg(default_value = "www.shop.test")]
    domain: String,
}

#[derive(Args)]
struct TokenArguments {
    #[command(flatten)]
    name: Name,
    /// Somebody of this tenant; an operator of the platform if it is not given
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(Args)]
struct LogsArguments {
    #[command(flatten)]
    name: Name,
    /// This function alone: open-order
    function: Option<String>,
}

#[derive(Args)]
struct RedeployArguments {
    #[command(flatten)]
    name: Name,
    /// The function: open-order
    function: String,
    /// Its program
    program: PathBuf,
}

#[derive(Args)]
struct UpArguments {
    #[command(flatten)]
    name: Name,
    /// Profile to order: default (90 days) or minutes
    #[arg(long)]
    profile: Option<String>,
    /// How often the scan runs
    #[arg(long, default_value_t = Options::default().schedule)]
    schedule: String,
    /// Good nonces that the CA refuses, in percent
    #[arg(long, default_value_t = CaOptions::default().nonce_reject_percent)]
    nonce_reject: u8,
    /// Orders that reuse valid authorizations, in percent
    #[arg(long, default_value_t = CaOptions::default().authz_reuse_percent)]
    authz_reuse: u8,
    /// Port of AWS; any free one if it is not given, and likewise below
    #[arg(long)]
    aws_port: Option<u16>,
    /// Port of ACM
    #[arg(long)]
    acm_port: Option<u16>,
    /// Port of the gate, where the functions find AWS
    #[arg(long)]
    gate_port: Option<u16>,
    /// Port of the ACME server
    #[arg(long)]
    acme_port: Option<u16>,
    /// Port of the CA's management interface
    #[arg(long)]
    acme_management_port: Option<u16>,
    /// Port of the resolver and the name servers, UDP and TCP
    #[arg(long)]
    dns_port: Option<u16>,
    /// Port of the edge, where the CA fetches HTTP-01 challenges
    #[arg(long)]
    edge_port: Option<u16>,
    /// Port of the token issuer
    #[arg(long)]
    issuer_port: Option<u16>,
}

impl From<UpArguments> for Options {
    fn from(arguments: UpArguments) -> Self {
        Self {
            name: arguments.name.name,
            ports: Ports {
                ministack: arguments.aws_port,
                moto: arguments.acm_port,
                gate: arguments.gate_port,
                acme: arguments.acme_port,
                acme_management: arguments.acme_management_port,
                dns: arguments.dns_port,
                edge: arguments.edge_port,
                issuer: arguments.issuer_port,
            },
            ca: CaOptions {
                nonce_reject_percent: arguments.nonce_reject,
                authz_reuse_percent: arguments.authz_reuse,
                ..CaOptions::default()
            },
            profile: arguments.profile.or(Self::default().profile),
            schedule: arguments.schedule,
            progress: true,
            ..Self::default()
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Up(arguments) => up(arguments.into()).await,
        Command::Down(Name { name }) => down(&name),
        Command::Status(Name { name }) => status(&name),
        Command::Demo(Name { name }) => local_cloud::demo(&name).await,
        Command::Try(arguments) => local_cloud::try_domain(&arguments.name.name, &arguments.domain).await,
        Command::Logs(LogsArguments { name, function }) => logs(&name.name, function.as_deref()).await,
        Command::Redeploy(arguments) => redeploy(&arguments).await,
        Command::Token(TokenArguments { name, tenant }) => token(&name.name, tenant.as_deref()),
        Command::Serve(options) => {
            tracing_subscriber::fmt().with_ansi(false).with_target(false).init();
            local_cloud::serve(options).await
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn up(options: Options) -> Result<()> {
    let name = options.name.clone();
    if LocalCloud::attach(&name).is_ok() {
        eprintln!("The cloud {name} is up already. For a fresh one: make down, then make up");
        return Ok(());
    }
    // What a cloud that broke has left.
    local_cloud::stop(&name)?;
    eprintln!("Starting the cloud {name}");
    let begun = Instant::now();
    let description = LocalCloud::start(options).await?.leave_running();
    let env = if name == DEFAULT_NAME { ".local/env".to_owned() } else { format!(".local/clouds/{name}/env") };
    eprintln!("The cloud {name} is up after {:.1} s. Use it: set -a; . {env}; set +a", begun.elapsed().as_secs_f64());
    println!("{}", description.api);
    Ok(())
}

fn down(name: &str) -> Result<()> {
    let stopped = local_cloud::stop(name)?;
    eprintln!("The cloud {name} {}", if stopped { "is stopped" } else { "was not running" });
    Ok(())
}

async fn logs(name: &str, function: Option<&str>) -> Result<()> {
    LocalCloud::attach(name)?.follow_logs(function).await
}

async fn redeploy(arguments: &RedeployArguments) -> Result<()> {
    let RedeployArguments { name: Name { name }, function, program } = arguments;
    LocalCloud::attach(name)?.redeploy(function, program).await?;
    eprintln!("{function} of the cloud {name} runs the new program from its next invocation on");
    Ok(())
}

fn token(name: &str, tenant: Option<&str>) -> Result<()> {
    let person = tenant.map_or_else(local_cloud::operator, local_cloud::tenant);
    println!("{}", LocalCloud::attach(name)?.token(&person)?);
    Ok(())
}

fn status(name: &str) -> Result<()> {
    let processes = local_cloud::processes(name)?;
    if processes.is_empty() {
        println!("The cloud {name} is not running");
    }
    for (process, running) in processes {
        println!("{:<12} pid {:<8} {}", process.role, process.pid, if running { "running" } else { "ended" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn every_documented_command_parses() {
        let pages = documentation::pages().expect("the pages can be read");
        let commands = documentation::commands(&pages, "local-cloud");
        assert!(!commands.is_empty(), "the commands were found");
        for command in commands {
            let parsed = Arguments::command().try_get_matches_from(&command.words);
            let asks_for_help = |error: &clap::Error| error.kind() == ErrorKind::DisplayHelp;
            assert!(parsed.as_ref().err().is_none_or(asks_for_help), "{command:?}: {parsed:?}");
        }
    }
}
