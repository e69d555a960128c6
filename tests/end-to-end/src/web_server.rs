//! The web servers of docs/how-to/http-edges.md, with the very configuration that stands there.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_cloud::wait_until;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Caddy,
}

/// One that runs, until it is dropped.
#[derive(Debug)]
pub struct WebServer {
    process: Child,
    folder: PathBuf,
}

/// The blocks of this language in the page, in order.
pub fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let parts = page.split(&begin).skip(1);
    parts.filter_map(|part| part.split_once("```")).map(|(block, _)| block.to_owned()).collect()
}

/// A port that nothing listens at.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl WebServer {
    /// Starts it at `port` of loopback. `configuration` is what the page says, with its addresses replaced.
    pub async fn start(kind: Kind, configuration: &str, port: u16) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("managed-https-{kind:?}-{}-{port}", std::process::id()));
        fs::create_dir_all(folder.join("temporary"))?;
        let (name, file) = match kind {
            Kind::Nginx => ("nginx", nginx(configuration, &folder)),
            Kind::Caddy => ("caddy", format!("{{\n\tadmin off\n}}\n{configuration}")),
        };
        let path = folder.join("configuration");
        fs::write(&path, file)?;
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local").join(name);
        let mut command = Command::new(own.join(name));
        match kind {
            Kind::Nginx => command.arg("-p").arg(&folder).arg("-c").arg(&path),
            Kind::Caddy => command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&path),
        };
        // What of its libraries this system lacks.
        command
            .env("LD_LIBRARY_PATH", own.join("lib"))
            .env("HOME", &folder)
            .env("XDG_DATA_HOME", &folder)
            .env("XDG_CONFIG_HOME", &folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(folder.join("log"))?);
        let process = command.spawn().with_context(|| format!("{name} is missing: run make set-up"))?;
        let mut server = Self { process, folder };
        wait_until(&format!("{name} at port {port}"), Duration::from_secs(20), async || {
            let ended = server.process.try_wait()?;
            let said = || fs::read_to_string(server.folder.join("log")).unwrap_or_default();
            ensure!(ended.is_none(), "{name} has ended: {}", said());
            Ok(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(()))
        })
        .await?;
        Ok(server)
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// One process, in the foreground, that writes nowhere but into its folder.
fn nginx(server: &str, folder: &Path) -> String {
    let folder = folder.display();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths: String = kinds.iter().map(|kind| format!("  {kind}_temp_path {folder}/temporary/{kind};\n")).collect();
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n  access_log off;\n\
         {paths}{server}\n}}\n"
    )
}
