//! The time of day as `Date` tells it (RFC 9110 §6.6.1), written anew once a second and not per answer.

use std::cell::Cell;
use std::time::SystemTime;

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) type HttpDate = [u8; 29];

#[derive(Debug)]
pub(crate) struct Dates(Cell<HttpDate>);

impl Dates {
    pub(crate) fn new() -> Self {
        let dates = Self(Cell::new(*b"Thu, 01 Jan 1970 00:00:00 GMT"));
        dates.renew(SystemTime::now());
        dates
    }

    /// A second late at most.
    pub(crate) const fn now(&self) -> HttpDate {
        self.0.get()
    }

    /// To be called once a second.
    pub(crate) fn renew(&self, now: SystemTime) {
        // What has another length is no date of this era: the last one stays.
        if let Ok(date) = httpdate::fmt_http_date(now).as_bytes().try_into() {
            self.0.set(date);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_date_is_the_one_of_its_last_renewal() {
        let dates = Dates::new();
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        dates.renew(then);
        assert_eq!(&dates.now(), b"Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
