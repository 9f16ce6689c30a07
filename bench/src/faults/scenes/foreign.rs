//! 0.1 with other people's servers and clients: posts of 3 MB to backends that answer early, and the next
//! request on the same connection.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Add;
use crate::faults::child::{Child, free_port};
use crate::faults::gateway::{Config, Gateway};
use crate::faults::stage::{Stage, shown};
use crate::faults::table::Row;

pub(super) fn uploads(stage: &Stage, add: Add<'_>) -> Result<()> {
    for (fault, server) in [
        ("`python3 -m http.server`", python as fn(&Stage, u16) -> Command),
        ("gunicorn", gunicorn),
        ("WEBrick (Ruby)", webrick),
        ("a `TCPServer` script (Ruby)", ruby),
    ] {
        let mut row = Row::new("0.1", format!("posts of 3 MB to {fault}, then a GET"));
        scene(stage, &mut row, server)?;
        add(row)?;
    }
    Ok(())
}

fn scene(stage: &Stage, row: &mut Row, server: fn(&Stage, u16) -> Command) -> Result<()> {
    let port = free_port()?;
    let files = stage.directory.join("files");
    fs::create_dir_all(&files)?;
    for number in 0..10 {
        fs::write(files.join(format!("{number}.txt")), format!("file {number}"))?;
    }
    let mut command = server(stage, port);
    command.current_dir(&files);
    let _server = Child::start(&command, &stage.log("foreign-servers"))?.listening(port)?;
    let config = Config {
        more: format!(
            "[[route]]\npath = \"/foreign\"\npublic = true\n\
             upstream = \"http://127.0.0.1:{port}\"\n"
        ),
        ..Config::default()
    };
    let gateway = Gateway::start(stage, &format!("foreign-{port}"), &config)?;
    let rounds = (15.0 * stage.seconds(1).as_secs_f64()).ceil().to_string();
    for (program, script) in [("python3", "client.py"), ("ruby", "client.rb")] {
        let script = stage.scripts.join(script);
        let url = format!("http://{}/foreign", gateway.addr);
        let mut client = Command::new("timeout");
        client.args(["60", program]).arg(&script).args([&url, &rounds]);
        let output = client.output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let parsed = text.lines().last().and_then(|line| {
            let mut numbers = line.splitn(3, ' ');
            let (sent, right) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
            Some((sent, right, numbers.next().unwrap_or_default().to_owned()))
        });
        let (sent, right, posts): (u64, u64, String) = parsed.with_context(|| {
            format!("{}: {}", shown(&script), String::from_utf8_lossy(&output.stderr))
        })?;
        row.sent += sent;
        row.right += right;
        row.want(
            format!("all GETs of {} answered rightly", shown(&script)),
            sent > 0 && sent == right,
        );
        row.saw(format!("posts of {}: {posts}", shown(&script)));
    }
    row.peak_mib = gateway.peak_mib().ok();
    Ok(())
}

fn python(_: &Stage, port: u16) -> Command {
    let mut command = Command::new("python3");
    command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]);
    command
}

fn gunicorn(stage: &Stage, port: u16) -> Command {
    let mut command = Command::new(stage.program("gunicorn"));
    command.args(["--bind", &format!("127.0.0.1:{port}"), "--workers", "2", "--chdir"]);
    command.arg(&stage.scripts).arg("app:application");
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn webrick(stage: &Stage, port: u16) -> Command {
    script(stage, "webrick.rb", port)
}

fn ruby(stage: &Stage, port: u16) -> Command {
    script(stage, "tcpserver.rb", port)
}

fn script(stage: &Stage, name: &str, port: u16) -> Command {
    let mut command = Command::new("ruby");
    command.arg(stage.scripts.join(name)).arg(port.to_string());
    command
}
