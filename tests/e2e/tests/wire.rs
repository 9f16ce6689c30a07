//! The wire of a gateway that runs: clients, backends and crowds that do not keep the rules.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use phantom_e2e::gateway;
use phantom_e2e::gateway::Gateway;
use phantom_e2e::process::Process;
use phantom_e2e::resources;

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";
const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

/// All that comes back until the connection ends.
fn everything(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

fn ask(gateway: &Gateway, request: &str) -> String {
    let mut stream = TcpStream::connect(gateway.authority()).unwrap();
    let _ = stream.write_all(request.as_bytes());
    everything(stream)
}

fn public(backend: &str) -> String {
    format!("[[route]]\npath = \"/\"\nupstream = \"http://{backend}\"\npublic = true\n")
}

/// Answers each request line with its handler's words and closes, whatever else was sent.
fn hasty_backend() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let record = seen.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let record = record.clone();
            thread::spawn(move || {
                let mut start = [0; 40];
                let count = stream.read(&mut start).unwrap_or(0);
                let line = String::from_utf8_lossy(&start[..count]).into_owned();
                record.lock().unwrap().push(line);
                // What is unread makes the close a reset.
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
            });
        }
    });
    (address.to_string(), seen)
}

#[test]
fn requests_hidden_in_a_body_that_a_backend_did_not_take_are_never_run() {
    let (backend, seen) = hasty_backend();
    let gateway = Gateway::start(&public(&backend));
    let body: Vec<u8> =
        HIDDEN.bytes().cycle().take(2_600_000 / HIDDEN.len() * HIDDEN.len()).collect();
    let senders: Vec<_> = (0..12)
        .map(|_| {
            let (authority, body) = (gateway.authority().to_owned(), body.clone());
            thread::spawn(move || {
                let mut stream = TcpStream::connect(authority).unwrap();
                let reader = stream.try_clone().unwrap();
                let head = format!(
                    "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes());
                let sending = thread::spawn(move || {
                    let _ = stream.write_all(&body);
                    // Where all of it was taken, the connection could go on.
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                });
                let answers = everything(reader);
                sending.join().unwrap();
                answers.matches("HTTP/1.1 ").count()
            })
        })
        .collect();
    for sender in senders {
        assert!(sender.join().unwrap() <= 1, "a second answer to one request");
    }
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty() && seen.iter().all(|line| line.starts_with("POST /up ")), "{seen:?}");
}

#[test]
fn posts_to_a_server_that_reads_no_bodies_leave_the_next_request_alone() {
    // Python's answers 501 to every POST without reading it.
    let directory = gateway::directory();
    fs::write(directory.path().join("index.html"), "a file of another server").unwrap();
    let port = resources::free_port();
    let mut python = Command::new("python3");
    python.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]);
    let mut server = Process::start("python", python.current_dir(directory.path()));
    server.wait_for("Serving HTTP");
    let gateway = Gateway::start(&public(&format!("127.0.0.1:{port}")));
    let body = vec![b'x'; 3 << 20];
    for _ in 0..10 {
        let mut stream = TcpStream::connect(gateway.authority()).unwrap();
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&body);
        let _ = stream.write_all(GET.as_bytes());
        let answers = everything(stream);
        let statuses: Vec<_> = answers
            .match_indices("HTTP/1.1 ")
            .filter_map(|(at, _)| answers.get(at + 9..at + 12))
            .collect();
        assert!(
            matches!(&statuses[..], ["501" | "502"] | ["501" | "502", "200"] | []),
            "{statuses:?}: an answer to what nobody asked"
        );
        assert!(ask(&gateway, GET).contains("a file of another server"));
    }
}

#[test]
fn idle_and_dripping_connections_keep_nobody_out() {
    let (backend, _) = hasty_backend();
    let limits = "[gateway.limits]\nmax_connections = 40\n";
    let directory = gateway::directory();
    let text = format!(
        "[gateway]\nworkers = 2\n{limits}[management]\nbind = \"127.0.0.1:0\"\n[[listener]]\nbind = \"127.0.0.1:0\"\n{}",
        public(&backend)
    );
    let mut process = Process::start("phantom", &mut gateway::command(directory.path(), &text));
    process.wait_until("where it listens", |output| output.contains("\"listening\""));
    let output = process.output();
    let listening = output.lines().find(|line| line.contains("\"listening\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(listening).unwrap();
    let authority = line["address"].as_str().unwrap().to_owned();
    for start in ["", "GET / HT", GET] {
        let held: Vec<_> = (0..80)
            .map(|_| {
                let mut stream = TcpStream::connect(&authority).unwrap();
                let _ = stream.write_all(start.replace("close", "keep-alive").as_bytes());
                stream
            })
            .collect();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(&authority).unwrap();
            let _ = stream.write_all(GET.as_bytes());
            assert!(everything(stream).starts_with("HTTP/1.1 403 "), "{start:?}");
        }
        drop(held);
    }
}

#[test]
fn a_route_that_leads_back_to_its_gateway_ends_in_one_answer() {
    let port = resources::free_port();
    let text = format!(
        "[[listener]]\nbind = \"127.0.0.1:{port}\"\n{}",
        public(&format!("127.0.0.1:{port}"))
    );
    let gateway = Gateway::start(&text);
    let answer = ask(&gateway, GET);
    assert!(answer.starts_with("HTTP/1.1 508 "), "{answer}");
    assert!(answer.contains("leads back to it"), "{answer}");
}

/// What a gateway says at its start, under a limit of 1024 open files and with these limits.
fn started_with_few_files(limits: &str) -> String {
    let (backend, _) = hasty_backend();
    let directory = gateway::directory();
    let text = format!(
        "[gateway]\nworkers = 2\n{limits}[management]\nbind = \"127.0.0.1:0\"\n[[listener]]\nbind = \"127.0.0.1:0\"\n{}",
        public(&backend)
    );
    let phantom = gateway::command(directory.path(), &text);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 1024; exec \"$0\" \"$@\""]);
    command.arg(phantom.get_program()).args(phantom.get_args());
    let environment = phantom.get_envs().filter_map(|(name, value)| Some((name, value?)));
    command.envs(environment).current_dir(directory.path());
    let mut process = Process::start("phantom", &mut command);
    process.wait_until("where it listens", |output| output.contains("\"listening\""));
    assert_eq!(process.stop(), Some(0), "{}", process.output());
    process.output()
}

#[test]
fn only_a_number_of_connections_that_was_chosen_is_warned_about_where_open_files_do_not_reach() {
    let untouched = started_with_few_files("");
    assert!(!untouched.contains("WARN"), "{untouched}");
    assert!(untouched.contains("\"max_connections\":384"), "{untouched}");
    let chosen = started_with_few_files("[gateway.limits]\nmax_connections = 5000\n");
    assert!(chosen.contains("raise it (ulimit -n, LimitNOFILE=)"), "{chosen}");
}

#[test]
fn the_gateway_may_open_as_many_files_as_the_system_lets_it() {
    let (backend, _) = hasty_backend();
    let gateway = Gateway::start(&public(&backend));
    let limits = fs::read_to_string(format!("/proc/{}/limits", gateway.process.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut numbers = line.trim_start_matches("Max open files").split_whitespace();
    assert_eq!(numbers.next(), numbers.next(), "{line}");
}

#[test]
fn settings_for_which_there_are_too_few_open_files_are_warned_about() {
    let (backend, _) = hasty_backend();
    for (max_connections, warned) in [(100, false), (5000, true)] {
        let directory = gateway::directory();
        let text = format!(
            "[gateway]\nworkers = 1\n[gateway.limits]\nmax_connections = {max_connections}\n\
             [management]\nbind = \"127.0.0.1:0\"\n[[listener]]\nbind = \"127.0.0.1:0\"\n{}",
            public(&backend)
        );
        let run = gateway::command(directory.path(), &text);
        // The soft limit and the hard one: nothing raises it again.
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -n 1000 && exec \"$0\" \"$@\""]).arg(run.get_program());
        limited.args(run.get_args()).current_dir(directory.path()).env("RUST_LOG", "info");
        let mut process = Process::start("phantom", &mut limited);
        process.wait_until("where it listens", |output| output.contains("\"listening\""));
        let output = process.output();
        let words = "the limit of open files does not reach for max_connections";
        assert_eq!(output.contains(words), warned, "{output}");
    }
}
