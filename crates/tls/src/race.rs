//! Connecting to a host that has several addresses: one after the other, without waiting for those that
//! do not answer (RFC 8305).

use std::future::Future;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

/// The time that an attempt gets before the next address is tried beside it (RFC 8305 §5).
const DELAY: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried.
const MOST: usize = 32;

/// The first connection that stands; else why there is none. `None`: there is no address.
pub async fn first<T, F>(
    addresses: impl Iterator<Item = SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> Option<io::Result<T>>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = in_turn(addresses.take(MOST).collect()).into_iter();
    let mut race = Race { attempts: Vec::new(), failed: None };
    loop {
        if let Some(address) = waiting.next() {
            race.attempts.push(Box::pin(connect(address)));
        } else if race.attempts.is_empty() {
            return race.failed.map(Err);
        }
        let ending = poll_fn(|cx| race.poll(cx));
        let ended = if waiting.len() > 0 {
            tokio::time::timeout(DELAY, ending).await.unwrap_or(None)
        } else {
            ending.await
        };
        if let Some(connected) = ended {
            return Some(Ok(connected));
        }
    }
}

/// Attempts under way.
struct Race<F> {
    attempts: Vec<Pin<Box<F>>>,
    failed: Option<io::Error>,
}

impl<T, F: Future<Output = io::Result<T>>> Race<F> {
    /// Until one stands, or one has failed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        for at in 0..self.attempts.len() {
            let Some(attempt) = self.attempts.get_mut(at) else { break };
            match attempt.as_mut().poll(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(connected)) => return Poll::Ready(Some(connected)),
                Poll::Ready(Err(error)) => {
                    drop(self.attempts.swap_remove(at));
                    self.fail(error);
                    return Poll::Ready(None);
                }
            }
        }
        Poll::Pending
    }

    /// A host that refuses tells more than a family of addresses that this machine does not have.
    fn fail(&mut self, error: io::Error) {
        use io::ErrorKind as Kind;
        let says_little = matches!(
            error.kind(),
            Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::AddrNotAvailable
        );
        if self.failed.is_none() || !says_little {
            self.failed = Some(error);
        }
    }
}

/// The resolver's order, the families taking turns (RFC 8305 §4).
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (these, those): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_ipv6);
    let (mut these, mut those) = (these.into_iter(), those.into_iter());
    std::iter::from_fn(|| {
        let pair = [these.next(), those.next()];
        pair.iter().any(Option::is_some).then_some(pair)
    })
    .flatten()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::Instant;

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// What becomes of an attempt, after so many milliseconds.
    #[derive(Clone, Copy)]
    enum Becomes {
        Connected(u64),
        Failed(u64, io::ErrorKind),
        Nothing,
    }

    /// Ports tell which attempt is meant. The port that connected, and when each was tried.
    async fn race(script: &[Becomes]) -> (Option<Result<u16, io::ErrorKind>>, Vec<(u16, u128)>) {
        let (start, tried) = (Instant::now(), RefCell::new(Vec::new()));
        let hosts = (0..script.len()).map(|port| SocketAddr::from(([192, 0, 2, 1], port as u16)));
        let outcome = first(hosts, |address| {
            let port = address.port();
            tried.borrow_mut().push((port, start.elapsed().as_millis()));
            let becomes = script[usize::from(port)];
            async move {
                match becomes {
                    Becomes::Connected(after) => {
                        tokio::time::sleep(Duration::from_millis(after)).await;
                        Ok(port)
                    }
                    Becomes::Failed(after, kind) => {
                        tokio::time::sleep(Duration::from_millis(after)).await;
                        Err(kind.into())
                    }
                    Becomes::Nothing => std::future::pending().await,
                }
            }
        });
        let outcome = outcome.await.map(|outcome| outcome.map_err(|error| error.kind()));
        (outcome, tried.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_does_not_answer_holds_up_the_next_for_a_quarter_of_a_second() {
        use Becomes::*;
        use io::ErrorKind as Kind;
        assert_eq!(race(&[]).await.0, None);
        let dead_first = race(&[Nothing, Nothing, Connected(10), Connected(0)]).await;
        assert_eq!(dead_first, (Some(Ok(2)), vec![(0, 0), (1, 250), (2, 500)]));
        let refused = Failed(5, Kind::ConnectionRefused);
        let refused_first = race(&[refused, Connected(10)]).await;
        assert_eq!(refused_first, (Some(Ok(1)), vec![(0, 0), (1, 5)]), "at once");
        let slow = race(&[Connected(300), Nothing]).await;
        assert_eq!(slow.0, Some(Ok(0)), "the first goes on beside the second");
        let unreachable = Failed(0, Kind::NetworkUnreachable);
        for script in [[refused, unreachable], [unreachable, refused]] {
            assert_eq!(race(&script).await.0, Some(Err(Kind::ConnectionRefused)));
        }
        assert_eq!(race(&[Connected(700)]).await.0, Some(Ok(0)), "one alone has all the time");
    }

    #[test]
    fn families_take_turns_and_the_resolvers_choice_begins() {
        let resolved = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1", "127.0.0.2:1"]);
        let expected = ["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1", "[::3]:1"];
        assert_eq!(in_turn(resolved), addresses(&expected));
        assert_eq!(in_turn(addresses(&["127.0.0.1:1", "[::1]:1"])).len(), 2);
        let [a, b, c] = ["[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1"];
        let [d, e] = ["192.0.2.1:1", "192.0.2.2:1"];
        assert_eq!(in_turn(addresses(&[a, b, c, d])), addresses(&[a, d, b, c]));
        assert_eq!(in_turn(addresses(&[d, a, b, e])), addresses(&[d, a, e, b]));
        assert!(in_turn(Vec::new()).is_empty());
    }
}
