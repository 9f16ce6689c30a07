//! Sinks that hang, fail, take a part, and come back.

use std::collections::VecDeque;

use super::*;

const SOON: Duration = Duration::from_secs(20);

/// A sink that does what it is told.
#[derive(Clone, Default)]
struct Sink(Arc<(Mutex<Told>, Condvar)>);

#[derive(Default)]
struct Told {
    /// Writes wait, as with a pipe that nobody reads.
    shut: bool,
    waits: bool,
    /// The next writes end so; after them all succeed.
    next: VecDeque<Result<usize, io::ErrorKind>>,
    written: Vec<u8>,
}

impl Sink {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.0.lock().unwrap()
    }

    fn shut(&self, shut: bool) {
        self.told().shut = shut;
        self.0.1.notify_all();
    }

    fn until_it_waits(&self) {
        let waiting = self.0.1.wait_timeout_while(self.told(), SOON, |told| !told.waits).unwrap();
        assert!(!waiting.1.timed_out(), "nobody writes");
    }

    fn text(&self) -> String {
        String::from_utf8(self.told().written.clone()).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut told = self.told();
        told.waits = told.shut;
        self.0.1.notify_all();
        let mut told = self.0.1.wait_while(told, |told| told.shut).unwrap();
        told.waits = false;
        let taken = told.next.pop_front().unwrap_or(Ok(bytes.len()))?;
        let taken = taken.min(bytes.len());
        told.written.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Complaints(Arc<Mutex<Vec<String>>>);

impl Voice for Complaints {
    fn gap(&self, lost: u64) -> Vec<u8> {
        format!("{lost} missing\n").into_bytes()
    }

    fn complain(&self, trouble: &Trouble<'_>, _: u64) {
        self.0.lock().unwrap().push(trouble.to_string());
    }
}

fn log(capacity: usize) -> (LogWriter, Sink, Complaints) {
    let (sink, complaints) = (Sink::default(), Complaints::default());
    let log = LogWriter::start("test", capacity, sink.clone(), complaints.clone()).unwrap();
    (log, sink, complaints)
}

#[test]
fn lines_come_out_whole_and_in_their_order() {
    let (log, sink, _) = log(1 << 20);
    let expected: String = (0..1000).map(|number| format!("line {number}\n")).collect();
    for line in expected.split_inclusive('\n') {
        log.push(line.as_bytes());
    }
    assert!(log.flush(SOON));
    assert_eq!((sink.text(), log.dropped()), (expected, 0));
}

#[test]
fn nobody_waits_for_a_reader_and_what_found_no_room_is_counted_and_told_of_where_it_is_missing() {
    let (log, sink, complaints) = log(8);
    sink.shut(true);
    log.push(b"1\n");
    sink.until_it_waits();
    // Eight bytes wait; the rest is dropped, and this thread comes through.
    for line in [b"2\n", b"3\n", b"4\n", b"5\n", b"6\n", b"7\n"] {
        log.push(line);
    }
    log.push(b"8\n9\n");
    assert_eq!(log.dropped(), 4);
    assert!(!log.flush(Duration::from_millis(20)), "it is stuck");
    assert_eq!(*complaints.0.lock().unwrap(), ["nobody reads it in time"], "once in a while");
    sink.shut(false);
    assert!(log.flush(SOON));
    log.push(b"later\n");
    assert!(log.flush(SOON));
    assert_eq!(sink.text(), "1\n2\n3\n4\n5\n4 missing\nlater\n");
    assert_eq!(log.dropped(), 4);
}

#[test]
fn a_full_disk_loses_lines_and_the_log_tells_how_many_once_there_is_room() {
    let (log, sink, complaints) = log(1 << 20);
    sink.told().next = [
        // In the middle of the second line.
        Ok(9),
        Err(io::ErrorKind::StorageFull),
        // The notice about it, with the next line.
        Err(io::ErrorKind::StorageFull),
        Err(io::ErrorKind::StorageFull),
    ]
    .into();
    log.push(b"first\nsecond\nthird\n");
    assert!(log.flush(SOON));
    assert_eq!(log.dropped(), 2);
    sink.told().next.clear();
    log.push(b"fourth\n");
    assert!(log.flush(SOON));
    assert_eq!(sink.text(), "first\nsec\n2 missing\nfourth\n");
    let complaints = complaints.0.lock().unwrap().clone();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].starts_with("it cannot be written: "), "{complaints:?}");
}

#[test]
fn a_pipe_that_broke_is_not_fatal_and_all_its_lines_are_counted() {
    let (log, sink, _) = log(1 << 20);
    sink.told().next = vec![Err(io::ErrorKind::BrokenPipe); 100].into();
    for _ in 0..20 {
        log.push(b"a\nb\n");
        assert!(log.flush(SOON));
    }
    assert_eq!(log.dropped(), 40);
}

#[test]
fn a_pipe_that_does_not_block_is_waited_for() {
    let (log, sink, complaints) = log(1 << 20);
    sink.told().next = [
        Err(io::ErrorKind::WouldBlock),
        Err(io::ErrorKind::Interrupted),
        Ok(2),
        Err(io::ErrorKind::WouldBlock),
    ]
    .into();
    log.push(b"first\n");
    assert!(log.flush(SOON));
    assert_eq!((&*sink.text(), log.dropped()), ("first\n", 0));
    assert!(complaints.0.lock().unwrap().is_empty());
}

#[test]
fn a_log_that_is_stuck_lets_go_of_its_writer() {
    let (log, sink, _) = log(1 << 20);
    sink.shut(true);
    log.push(b"1\n");
    sink.until_it_waits();
    drop(log);
    // And what was taken is still written if it comes back.
    sink.shut(false);
    let end = Instant::now() + SOON;
    while sink.text() != "1\n" {
        assert!(Instant::now() < end, "it was never written");
        thread::yield_now();
    }
}
