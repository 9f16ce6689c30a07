//! Files of a directory route. What lies outside of the directory, by whatever path or link, is not
//! there; nor is what is hidden in it.

mod conditions;
mod media_type;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::ops::Range;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use phantom_pipeline::Answer;
use phantom_pipeline::Fault;
use phantom_pipeline::Forward;
use phantom_pipeline::edits::CredentialPlace;
use phantom_pipeline::edits::without_access_token;

use conditions::Validators;
use conditions::Verdict;

use crate::head::RequestHead;

const PIECE: usize = 64 * 1024;
/// The one directory with a dot that is meant to be seen (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// The reply to a request for a file.
pub(crate) enum Reply {
    Answer(Answer),
    /// The answer's status and fields, and what comes behind them.
    File(Answer, File),
}

/// Content of a file, or a part of it.
pub(crate) struct File {
    pub(crate) length: u64,
    file: Option<fs::File>,
    left: u64,
}

type Fields = Vec<(&'static str, String)>;

/// Answers a permitted request. Its path was normalised: it has no dot segments.
pub(crate) async fn reply(permitted: &Forward, root: &Path, head: &RequestHead) -> Reply {
    match find(root, permitted.consumed, head).await {
        Ok(Found::File(found)) => found.reply(permitted, head),
        Ok(Found::Directory) => {
            let location = with_slash(permitted, head);
            Ok(Reply::Answer(Answer::empty(308, vec![("location", location)])))
        }
        Err(fault) => Err(fault),
    }
    .unwrap_or_else(|fault| {
        Reply::Answer(Answer::fault(fault, permitted.matched.error_format(), false))
    })
}

/// The thing that stands at a path.
enum Found {
    File(FoundFile),
    /// Asked for without the slash at its end.
    Directory,
}

struct FoundFile {
    file: fs::File,
    length: u64,
    media_type: &'static str,
    /// `None` where the file system keeps no time.
    validators: Option<Validators>,
}

async fn find(root: &Path, consumed: usize, head: &RequestHead) -> Result<Found, Fault> {
    if !matches!(head.method(), "GET" | "HEAD") {
        return Err(Fault::MethodNotAllowed);
    }
    let path = head.path();
    let rest = path.get(consumed..).unwrap_or_default();
    let decoded = percent_decode_str(rest).decode_utf8().map_err(|_| Fault::NotFound)?;
    let wanted = Path::new(decoded.trim_matches('/'));
    if decoded.contains(['\0', '\\']) || is_hidden(wanted) {
        return Err(Fault::NotFound);
    }
    let wanted = root.join(wanted);
    let (root, is_directory_path) = (root.to_owned(), path.ends_with('/'));
    let found = tokio::task::spawn_blocking(move || open(&root, wanted, is_directory_path)).await;
    found.map_err(|_| Fault::NotFound)?.map_err(|_| Fault::NotFound)
}

fn open(root: &Path, wanted: PathBuf, is_directory_path: bool) -> io::Result<Found> {
    let not_found = || io::Error::from(io::ErrorKind::NotFound);
    let mut resolved = fs::canonicalize(wanted)?;
    if resolved.is_dir() {
        if !is_directory_path {
            return Ok(Found::Directory);
        }
        resolved = fs::canonicalize(resolved.join("index.html"))?;
    }
    let root = fs::canonicalize(root)?;
    if resolved.strip_prefix(root).map_or(true, is_hidden) {
        return Err(not_found());
    }
    // Looked at first: opening a pipe waits for whoever writes to it.
    if !fs::metadata(&resolved)?.is_file() {
        return Err(not_found());
    }
    let file = fs::File::open(&resolved)?;
    let metadata = file.metadata()?;
    let length = metadata.len();
    Ok(Found::File(FoundFile {
        file,
        length,
        media_type: media_type::of(&resolved),
        validators: metadata.modified().ok().map(|modified| Validators::new(modified, length)),
    }))
}

/// Returns whether any name on the way begins with a dot: `.git`, `.env`, what editors leave behind.
fn is_hidden(path: &Path) -> bool {
    path.components().any(|component| match component {
        Component::Normal(name) => {
            name.as_encoded_bytes().starts_with(b".") && name != OsStr::new(WELL_KNOWN)
        }
        _ => false,
    })
}

/// Where a directory is, with the query that it was asked with. A token in it goes on only where the
/// client could not do without.
fn with_slash(permitted: &Forward, head: &RequestHead) -> String {
    let path = head.path();
    let query = head.query().map(|query| match permitted.edits.place {
        CredentialPlace::Query => query.to_owned(),
        _ => without_access_token(query).unwrap_or_else(|| query.to_owned()),
    });
    query.map_or_else(|| format!("{path}/"), |query| format!("{path}/?{query}"))
}

impl FoundFile {
    fn reply(self, permitted: &Forward, head: &RequestHead) -> Result<Reply, Fault> {
        let verdict =
            self.validators.as_ref().map_or(Verdict::Whole, |known| known.judge(head, self.length));
        let mut fields = Fields::new();
        if let Some(known) = &self.validators {
            fields.push(("etag", known.etag.clone()));
            fields.push(("last-modified", httpdate::fmt_http_date(known.modified)));
        }
        if permitted.edits.private_response {
            fields.push(("cache-control", "private".to_owned()));
        }
        let (status, part) = match verdict {
            Verdict::NotModified => return Ok(Reply::Answer(Answer::empty(304, fields))),
            Verdict::PreconditionFailed => return Err(Fault::PreconditionFailed),
            Verdict::RangeNotSatisfiable => {
                let format = permitted.matched.error_format();
                let mut answer = Answer::fault(Fault::RangeNotSatisfiable, format, false);
                answer.fields.push(("content-range", format!("bytes */{}", self.length)));
                return Ok(Reply::Answer(answer));
            }
            Verdict::Whole => (200, 0..self.length),
            Verdict::Part(part) => {
                let (first, last) = (part.start, part.end - 1);
                fields.push(("content-range", format!("bytes {first}-{last}/{}", self.length)));
                (206, part)
            }
        };
        fields.push(("content-type", self.media_type.to_owned()));
        fields.push(("x-content-type-options", "nosniff".to_owned()));
        fields.push(("accept-ranges", "bytes".to_owned()));
        let file = File::part(self.file, part).map_err(|_| Fault::NotFound)?;
        Ok(Reply::File(Answer::empty(status, fields), file))
    }
}

impl File {
    fn part(mut file: fs::File, part: Range<u64>) -> io::Result<Self> {
        if part.start > 0 {
            file.seek(SeekFrom::Start(part.start))?;
        }
        let length = part.end - part.start;
        Ok(Self { length, file: Some(file), left: length })
    }

    /// The next piece; `None` at the end. A file that shrank meanwhile ends early.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(mut file) = self.file.take().filter(|_| self.left > 0) else { return Ok(None) };
        let most = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; most];
            let count = file.read(&mut piece)?;
            piece.truncate(count);
            io::Result::Ok((file, piece))
        });
        let (file, piece) = reading.await.map_err(io::Error::other)??;
        self.file = Some(file);
        self.left -= piece.len() as u64;
        Ok((!piece.is_empty()).then_some(piece))
    }
}
