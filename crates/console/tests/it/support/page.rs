//! What a browser got: its text, its forms, its links.

use axum::response::Response;
use http::HeaderMap;
use http::StatusCode;
use http::header;

pub(crate) struct Page {
    /// What was asked for.
    pub(crate) path: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Page {
    pub(super) async fn read(path: &str, response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 4 << 20).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Self { path: path.to_owned(), status: parts.status, headers: parts.headers, text }
    }

    pub(crate) fn location(&self) -> Option<String> {
        Some(self.headers.get(header::LOCATION)?.to_str().unwrap().to_owned())
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}\n{}", self.path, self.text);
        self
    }

    pub(crate) fn has(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    /// The whole text has it.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.has(words), "no {words:?} in {}\n{}", self.path, self.text);
        self
    }

    /// The address of the link with these words.
    #[track_caller]
    pub(crate) fn link(&self, words: &str) -> String {
        let mut rest = self.text.as_str();
        while let Some(at) = rest.find("<a ") {
            rest = &rest[at..];
            let end = rest.find("</a>").unwrap();
            let (tag, text) = rest[..end].split_once('>').unwrap();
            if stripped(text).trim() == words {
                return unescaped(attribute(tag, "href").unwrap_or_default());
            }
            rest = &rest[end..];
        }
        panic!("no link {words:?} in {}\n{}", self.path, self.text);
    }

    /// The form with a button of that name, its fields as they stand.
    #[track_caller]
    pub(crate) fn form(&self, button: &str) -> Form {
        let forms =
            self.text.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
        for form in forms {
            let buttons =
                form.split("<button").skip(1).map(|text| text.split("</button>").next().unwrap());
            for tag in buttons {
                let (tag, words) = tag.split_once('>').unwrap();
                if stripped(words).trim() == button {
                    let head = form.split('>').next().unwrap();
                    let mut fields = fields(form);
                    if let Some(name) = attribute(tag, "name") {
                        let value = attribute(tag, "value").unwrap_or_default();
                        fields.push((unescaped(name), unescaped(value)));
                    }
                    let action = unescaped(attribute(head, "action").unwrap_or_default());
                    return Form { action, fields };
                }
            }
        }
        panic!("no form with a button {button:?} in {}\n{}", self.path, self.text);
    }
}

fn fields(form: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (at, _) in form.match_indices('<') {
        let rest = &form[at + 1..];
        let (tag, after) = rest.split_once('>').unwrap();
        let Some(name) = attribute(tag, "name").map(unescaped) else {
            continue;
        };
        if tag.starts_with("input") {
            let kind = attribute(tag, "type").unwrap_or("text");
            let is_box = matches!(kind, "checkbox" | "radio");
            if (is_box && !tag.contains(" checked")) || kind == "file" || tag.contains(" disabled")
            {
                continue;
            }
            let default = if is_box { "on" } else { "" };
            fields.push((name, unescaped(attribute(tag, "value").unwrap_or(default))));
        } else if tag.starts_with("textarea") {
            let text = after.split("</textarea>").next().unwrap();
            fields.push((name, unescaped(text.strip_prefix('\n').unwrap_or(text))));
        } else if tag.starts_with("select") && !tag.contains(" disabled") {
            let options = after.split("</select>").next().unwrap();
            let mut options = options.split("<option ").skip(1).peekable();
            let first = options.peek().copied().unwrap_or_default();
            let chosen = options
                .find(|option| option.split('>').next().unwrap().contains(" selected"))
                .unwrap_or(first);
            let tag = chosen.split('>').next().unwrap();
            fields.push((name, unescaped(attribute(tag, "value").unwrap_or_default())));
        }
    }
    fields
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let start = format!(" {name}=\"");
    let at = tag.find(&start).map(|at| at + start.len());
    let at = at.or_else(|| tag.starts_with(&start[1..]).then(|| start.len() - 1))?;
    tag[at..].split('"').next()
}

fn stripped(text: &str) -> String {
    let mut inside = false;
    let keep = text.chars().filter(|c| {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                return false;
            }
            _ => {}
        }
        !inside
    });
    unescaped(&keep.collect::<String>())
}

fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    for (from, to) in
        [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
    {
        text = text.replace(from, to);
    }
    text
}
