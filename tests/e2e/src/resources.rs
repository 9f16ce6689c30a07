//! Ports, open files and memory: what the operating system lends to a test.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;

/// Below the range that systems take the ports of outgoing connections from.
const FIRST: u32 = 20_000;
const PORTS: u32 = 12_000;
/// For each test process, so that processes that run at the same time don't meet.
const BLOCK: u32 = 16;

/// A port on 127.0.0.1 that nobody listens on, for processes that cannot be given port 0.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id() % (PORTS / BLOCK) * BLOCK;
    for _ in 0..PORTS {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + (start + step) % PORTS).expect("the range is below 65536");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("there is no free port");
}

/// Room for thousands of connections, in this process and in those it starts from now on.
///
/// # Panics
/// If the system does not allow it.
pub fn raise_open_files() {
    let id = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--nofile=8192:", "--pid", &id]).status();
    assert!(raised.is_ok_and(|status| status.success()), "8192 open files are needed");
}

/// The most memory a process has held so far, in bytes.
///
/// # Panics
/// If the process is gone.
#[must_use]
pub fn peak_memory(id: u32) -> u64 {
    memory(id, "VmHWM:")
}

/// The memory a process holds now, in bytes.
///
/// # Panics
/// If the process is gone.
#[must_use]
pub fn memory_now(id: u32) -> u64 {
    memory(id, "VmRSS:")
}

fn memory(id: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).expect("a size in kB");
    kib.parse::<u64>().expect("a number") * 1024
}
