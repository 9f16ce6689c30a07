//! Files of a directory route. What lies outside of the directory, by whatever path or link, is not
//! there.

use std::fs;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use phantom_pipeline::Fault;

const PIECE: usize = 64 * 1024;

pub(crate) enum Found {
    File(File),
    /// A directory asked for without the slash at its end.
    Redirect(String),
}

pub(crate) struct File {
    pub(crate) length: u64,
    media_type: &'static str,
    modified: Option<std::time::SystemTime>,
    file: Option<fs::File>,
    left: u64,
}

/// Finds the file for a path that was normalised: it has no dot segments.
pub(crate) async fn find(
    root: &Path,
    prefix: &str,
    path: &str,
    method: &str,
) -> Result<Found, Fault> {
    if !matches!(method, "GET" | "HEAD") {
        return Err(Fault::MethodNotAllowed);
    }
    let rest = path.get(prefix.trim_end_matches('/').len()..).unwrap_or_default();
    let decoded = percent_decode_str(rest).decode_utf8().map_err(|_| Fault::NotFound)?;
    if decoded.contains(['\0', '\\']) {
        return Err(Fault::NotFound);
    }
    let wanted = root.join(decoded.trim_matches('/'));
    let (root, is_directory_path) = (root.to_owned(), path.ends_with('/'));
    let found = tokio::task::spawn_blocking(move || open(&root, wanted, is_directory_path)).await;
    match found.map_err(|_| Fault::NotFound)?.map_err(|_| Fault::NotFound)? {
        Some(file) => Ok(Found::File(file)),
        None => Ok(Found::Redirect(format!("{path}/"))),
    }
}

fn open(root: &Path, wanted: PathBuf, is_directory_path: bool) -> io::Result<Option<File>> {
    let mut resolved = fs::canonicalize(wanted)?;
    if !resolved.starts_with(fs::canonicalize(root)?) {
        return Err(io::ErrorKind::NotFound.into());
    }
    if resolved.is_dir() {
        if !is_directory_path {
            return Ok(None);
        }
        resolved.push("index.html");
    }
    let file = fs::File::open(&resolved)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(Some(File {
        length: metadata.len(),
        media_type: media_type(&resolved),
        modified: metadata.modified().ok(),
        left: metadata.len(),
        file: Some(file),
    }))
}

impl File {
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("content-type", self.media_type.to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ];
        if let Some(modified) = self.modified {
            fields.push(("last-modified", httpdate::fmt_http_date(modified)));
        }
        fields
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

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("gif") => "image/gif",
        Some("htm" | "html") => "text/html; charset=utf-8",
        Some("ico") => "image/x-icon",
        Some("jpeg" | "jpg") => "image/jpeg",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("webp") => "image/webp",
        Some("woff2") => "font/woff2",
        Some("xml") => "application/xml",
        Some("yaml" | "yml") => "application/yaml",
        _ => "application/octet-stream",
    }
}
