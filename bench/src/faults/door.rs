//! A listener with a thread per connection that can be shut as if its process had ended: connections
//! are closed, new ones refused; and opened again on the same port.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use socket2::{Domain, Socket, Type};

/// Between two looks at what is wanted of the listener.
const TURN: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Door {
    pub(super) port: u16,
    shut: AtomicBool,
    over: AtomicBool,
    inside: Mutex<Vec<Weak<TcpStream>>>,
}

impl Door {
    pub(super) fn open<H>(serve: H) -> Result<Arc<Self>>
    where
        H: Fn(&TcpStream) + Send + Sync + 'static,
    {
        let listener = listen(0)?;
        let door = Arc::new(Self {
            port: listener.local_addr()?.port(),
            shut: AtomicBool::new(false),
            over: AtomicBool::new(false),
            inside: Mutex::default(),
        });
        let (own, serve) = (Arc::clone(&door), Arc::new(serve));
        thread::Builder::new().spawn(move || own.keep(listener, &serve)).context("a thread")?;
        Ok(door)
    }

    pub(super) fn set_shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::SeqCst);
    }

    fn keep<H>(&self, listener: TcpListener, serve: &Arc<H>)
    where
        H: Fn(&TcpStream) + Send + Sync + 'static,
    {
        let mut listener = Some(listener);
        while !self.over.load(Ordering::SeqCst) {
            match (&listener, self.shut.load(Ordering::SeqCst)) {
                (Some(open), false) => self.accept(open, serve),
                (Some(_), true) => {
                    listener = None;
                    self.clear();
                }
                // The port is ours again as soon as the kernel lets go of it.
                (None, false) => {
                    listener = listen(self.port).ok();
                }
                (None, true) => {}
            }
            thread::sleep(TURN);
        }
        self.clear();
    }

    fn accept<H>(&self, listener: &TcpListener, serve: &Arc<H>)
    where
        H: Fn(&TcpStream) + Send + Sync + 'static,
    {
        let _ = listener.set_nonblocking(true);
        while let Ok((stream, _)) = listener.accept() {
            let _ = stream.set_nonblocking(false);
            let _ = stream.set_nodelay(true);
            let stream = Arc::new(stream);
            let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
            inside.retain(|stream| stream.strong_count() > 0);
            inside.push(Arc::downgrade(&stream));
            let serve = Arc::clone(serve);
            let small = thread::Builder::new().stack_size(256 * 1024);
            let _ = small.spawn(move || serve(&stream));
        }
    }

    fn clear(&self) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in inside.drain(..).filter_map(|stream| stream.upgrade()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// For good; its thread ends.
    pub(super) fn close(&self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

/// With a queue that some hundred connections at once do not fill: who is refused a place there tries
/// again after a second.
fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}
