//! The API behind the gateway: the same 200 bytes of JSON for everyone, but for one number that
//! tells what the gateway sent as `Authorization`.

use anyhow::Result;

use crate::http1::Message;
use crate::serve::{serve, write_answer};

pub(crate) fn run() -> Result<()> {
    serve(answer)
}

fn answer(request: &Message<'_>, output: &mut Vec<u8>) -> Result<()> {
    let authorization = request.head.field("authorization").map_or(0, str::len);
    let body = format!(
        "{{\"id\":42,\"name\":\"a product of the bench\",\"tags\":[\"small\",\"fixed\"],\
         \"text\":\"an answer as long as many an API gives, so that heads and not bodies are \
         what is measured\",\"authorization_bytes\":{authorization:6}}}"
    );
    write_answer(output, "200 OK", "Content-Type: application/json\r\n", body.as_bytes())
}

/// Length of the `Authorization` value the backend saw, out of its answer.
pub(crate) fn authorization_bytes(body: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"authorization_bytes\":")?;
    rest.strip_suffix('}')?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{answer, authorization_bytes};
    use crate::http1::Message;

    fn body(request: &str) -> anyhow::Result<Vec<u8>> {
        let mut output = Vec::new();
        answer(&Message::parse(request.as_bytes())?.expect("whole"), &mut output)?;
        let answer = Message::parse(&output)?.expect("whole");
        assert_eq!(answer.head.status()?, 200);
        assert_eq!(answer.length, output.len());
        Ok(answer.body.to_vec())
    }

    #[test]
    fn the_backend_tells_how_long_a_credential_it_saw() -> anyhow::Result<()> {
        let with = body("GET / HTTP/1.1\r\nauthorization: Bearer abc\r\n\r\n")?;
        assert_eq!(authorization_bytes(&with), Some("Bearer abc".len()));
        let without = body("GET / HTTP/1.1\r\n\r\n")?;
        assert_eq!(authorization_bytes(&without), Some(0));
        Ok(())
    }

    #[test]
    fn every_answer_has_the_same_length_of_about_200_bytes() -> anyhow::Result<()> {
        let short = body("GET / HTTP/1.1\r\n\r\n")?;
        let long = body(&format!("GET / HTTP/1.1\r\nAuthorization: {}\r\n\r\n", "x".repeat(1031)))?;
        assert_eq!(short.len(), long.len());
        assert!((180..=220).contains(&short.len()), "{}", short.len());
        Ok(())
    }
}
