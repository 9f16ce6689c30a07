//! nginx as the yardstick: Debian's build, one worker, connections to the backend kept alive.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::gateway::{AccessLog, Contender, Gateway, prepare};
use crate::jwt::JWT_BYTES;
use crate::process::{Process, cpu};

/// What a gateway does to the header, in nginx's words.
const HEADER_WORK: &str = r#"
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header Via "1.1 nginx";
"#;

pub(super) struct Settings<'a> {
    /// The only place nginx writes to.
    pub(super) prefix: &'a Path,
    pub(super) port: u16,
    pub(super) backend: u16,
    pub(super) log: AccessLog,
}

pub(super) fn start(program: &Path, core: usize, settings: &Settings<'_>) -> Result<Gateway> {
    let prefix = settings.prefix;
    let access_log = prepare(prefix)?;
    let file = prefix.join("nginx.conf");
    fs::write(&file, config(settings)?)?;
    let command = [
        program.as_os_str(),
        "-p".as_ref(),
        prefix.as_os_str(),
        "-c".as_ref(),
        file.as_os_str(),
        // Else the built-in log path, outside the prefix, is opened before ours is known.
        "-e".as_ref(),
        "stderr".as_ref(),
    ];
    let process = Process::logging(core, &command, &prefix.join("stderr.log"))?;
    let master = process.id();
    let mut gateway =
        Gateway::ready(process, settings.port, Contender::Nginx.path(), access_log)
            .with_context(|| format!("nginx, see {}", prefix.join("stderr.log").display()))?;
    gateway.worker = cpu::child_of(master).context("nginx has no worker")?;
    for contender in [Contender::Nginx, Contender::NginxBare, Contender::NginxJwt] {
        gateway.look(contender).context("nginx")?;
    }
    Ok(gateway)
}

/// `/nginx` does the header work a gateway does; `/bare` passes the request on and no more; `/jwt`
/// does the header work and sends a credential of the JWT's size.
pub(super) fn config(settings: &Settings<'_>) -> Result<String> {
    let Settings { port, backend, .. } = settings;
    let prefix = settings.prefix.display();
    let log = match settings.log {
        AccessLog::Off => "off".to_owned(),
        AccessLog::On => format!("{prefix}/access.log combined"),
    };
    let credential = "x".repeat(JWT_BYTES);
    let mut config = String::new();
    // Started as root, a worker would change to a user who may not enter the prefix.
    if fs::metadata("/proc/self")?.uid() == 0 {
        config.push_str("user root root;\n");
    }
    write!(
        config,
        r#"daemon off;
worker_processes 1;
pid {prefix}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    access_log {log};
    client_body_temp_path {prefix}/client_body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    upstream backend {{
        server 127.0.0.1:{backend};
        keepalive 64;
        keepalive_requests 1000000000;
        keepalive_timeout 1h;
    }}
    server {{
        listen 127.0.0.1:{port};
        proxy_http_version 1.1;
        location /nginx/ {{
            proxy_pass http://backend;
{HEADER_WORK}        }}
        location /jwt/ {{
            proxy_pass http://backend;
{HEADER_WORK}            proxy_set_header Authorization "Bearer {credential}";
        }}
        location /bare/ {{
            proxy_pass http://backend;
            proxy_set_header Connection "";
        }}
    }}
}}
"#
    )?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::{AccessLog, Path, Settings, config};

    fn with(log: AccessLog) -> anyhow::Result<String> {
        config(&Settings { prefix: Path::new("/tmp/prefix"), port: 8080, backend: 9090, log })
    }

    #[test]
    fn both_peers_of_nginx_are_kept_alive_and_on_loopback() -> anyhow::Result<()> {
        let config = with(AccessLog::Off)?;
        for line in
            ["listen 127.0.0.1:8080;", "server 127.0.0.1:9090;", "keepalive 64;", "access_log off;"]
        {
            assert!(config.contains(line), "{line}");
        }
        assert_eq!(config.matches("keepalive_requests 1000000000;").count(), 2);
        Ok(())
    }

    #[test]
    fn every_path_nginx_writes_to_is_under_its_prefix() -> anyhow::Result<()> {
        let config = with(AccessLog::On)?;
        assert!(config.contains("access_log /tmp/prefix/access.log combined;"));
        for line in config.lines().filter(|line| line.contains("_path") || line.contains("pid ")) {
            assert!(line.contains(" /tmp/prefix/"), "{line}");
        }
        Ok(())
    }
}
