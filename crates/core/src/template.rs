//! Path templates of managed APIs: `/orders/{id}`, `/files/{id}.json`, `/jobs/{job}:cancel`,
//! `/{proxy+}`, `/menu/*`. What control planes take is what gateways serve.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

/// Segments of a template; searching goes no deeper.
pub const MAX_SEGMENTS: usize = 64;
/// Longest template, in bytes.
pub const MAX_TEMPLATE: usize = 512;

/// A template, understood. Two that are equal take the same paths.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathTemplate {
    segments: Vec<Segment>,
    rest: bool,
}

/// The demand on one segment of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// In its one spelling, see [`one_spelling`].
    Literal(Box<str>),
    /// One segment that the pattern fits.
    Pattern(Pattern),
}

/// Text with parameters in it: `{id}`, `{id}.json`, `{from}-{to}`.
///
/// Ordered by how much it asks for, the most first; a parameter alone comes last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Before the first parameter; may be empty, as may `suffix`.
    prefix: Box<str>,
    /// Between parameters; none is empty.
    between: Vec<Box<str>>,
    suffix: Box<str>,
}

/// Why a text is no template.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidTemplate {
    /// It does not begin with a slash.
    #[error("has to start with '/'")]
    NoSlash,
    /// More than [`MAX_TEMPLATE`] bytes.
    #[error("is longer than {MAX_TEMPLATE} bytes")]
    TooLong,
    /// More than [`MAX_SEGMENTS`] segments.
    #[error("has more than {MAX_SEGMENTS} segments")]
    TooDeep,
    /// A star that is not the last segment.
    #[error("'*' stands at the end only, after '/'")]
    Star,
    /// A brace without its other, or a rest that is not the last segment.
    #[error("a parameter is {{name}}; {{name+}}, which takes the rest, is the whole last segment")]
    Parameter,
    /// Two parameters with nothing between them to tell where one ends.
    #[error("two parameters need something between them")]
    Touching,
    /// Two parameters of one name.
    #[error("a parameter stands twice")]
    Twice,
    /// Two slashes with nothing between them.
    #[error("a segment is empty")]
    Empty,
    /// A segment that no path holds which gateways take.
    #[error("a segment is . or ..")]
    Dots,
    /// A character that a path holds escaped alone.
    #[error("{0:?} has to be escaped: {escaped}", escaped = escaped(*.0))]
    Unescaped(char),
    /// A character that gateways refuse in paths, or an escape of one.
    #[error("{0:?} is refused by gateways")]
    Refused(char),
    /// An escape of what stands plainly.
    #[error("{0:?} needs no escape: write it plainly")]
    Escaped(char),
    /// A percent sign without its two digits.
    #[error("'%' is followed by two hexadecimal digits")]
    Percent,
}

impl PathTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        Ok(Parsed::of(text)?.template)
    }

    /// Names of the parameters of a template, in their order; none of a text that is no template.
    #[must_use]
    pub fn parameters(text: &str) -> Vec<&str> {
        Parsed::of(text).map(|parsed| parsed.names).unwrap_or_default()
    }

    /// The segments between slashes, the first one first.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// It goes on with anything, also nothing.
    #[must_use]
    pub const fn takes_rest(&self) -> bool {
        self.rest
    }
}

struct Parsed<'t> {
    template: PathTemplate,
    names: Vec<&'t str>,
}

impl<'t> Parsed<'t> {
    fn of(text: &'t str) -> Result<Self, InvalidTemplate> {
        if text.len() > MAX_TEMPLATE {
            return Err(InvalidTemplate::TooLong);
        }
        let path = text.strip_prefix('/').ok_or(InvalidTemplate::NoSlash)?;
        let mut names = Vec::new();
        let mut template = PathTemplate { segments: Vec::new(), rest: false };
        let mut segments = path.split('/').peekable();
        while let Some(segment) = segments.next() {
            let is_last = segments.peek().is_none();
            match segment {
                "*" if is_last => template.rest = true,
                // A slash at the end means nothing.
                "" if is_last => {}
                "" => return Err(InvalidTemplate::Empty),
                _ => {
                    let greedy = is_last.then(|| greedy(segment)).flatten();
                    template.rest |= greedy.is_some();
                    let parsed = match greedy {
                        // One segment at least, then anything.
                        Some(name) => {
                            names.push(name);
                            Segment::Pattern(Pattern::anything())
                        }
                        None => Segment::parse(segment, &mut names)?,
                    };
                    template.segments.push(parsed);
                }
            }
        }
        if template.segments.len() > MAX_SEGMENTS {
            return Err(InvalidTemplate::TooDeep);
        }
        let mut seen = std::collections::HashSet::new();
        match names.iter().all(|name| seen.insert(*name)) {
            true => Ok(Self { template, names }),
            false => Err(InvalidTemplate::Twice),
        }
    }
}

/// `{proxy+}`, as API gateways of a cloud write it.
fn greedy(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix("+}")?;
    is_name(name).then_some(name)
}

fn is_name(name: &str) -> bool {
    let is_sound = |c: char| c.is_alphanumeric() || "_-.$@".contains(c);
    !name.is_empty() && name.chars().all(is_sound)
}

impl Segment {
    fn parse<'t>(text: &'t str, names: &mut Vec<&'t str>) -> Result<Self, InvalidTemplate> {
        let mut literals = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(InvalidTemplate::Parameter)?;
            if !is_name(name) {
                return Err(InvalidTemplate::Parameter);
            }
            if literal.is_empty() && !literals.is_empty() {
                return Err(InvalidTemplate::Touching);
            }
            literals.push(check_literal(literal)?);
            names.push(name);
            rest = after;
        }
        let last = check_literal(rest)?;
        let mut literals = literals.into_iter();
        let Some(prefix) = literals.next() else {
            return match &*last {
                "." | ".." => Err(InvalidTemplate::Dots),
                _ => Ok(Self::Literal(last)),
            };
        };
        Ok(Self::Pattern(Pattern { prefix, between: literals.collect(), suffix: last }))
    }
}

/// RFC 3986 §3.3: `pchar`, without `*`, which means the rest, and `;`, which gateways refuse. What can
/// stand plainly has to.
fn check_literal(text: &str) -> Result<Box<str>, InvalidTemplate> {
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '%' => {
                let digits = rest.as_str().as_bytes().first_chunk();
                let byte = digits.and_then(|&[high, low]| decoded(high, low));
                let byte = byte.ok_or(InvalidTemplate::Percent)?;
                match byte {
                    0 | b'/' | b'\\' | b'*' | b';' => {
                        return Err(InvalidTemplate::Refused(byte.into()));
                    }
                    byte if stands_plainly(byte) => {
                        return Err(InvalidTemplate::Escaped(byte.into()));
                    }
                    _ => rest = rest.as_str().get(2..).unwrap_or_default().chars(),
                }
            }
            '*' => return Err(InvalidTemplate::Star),
            '{' | '}' => return Err(InvalidTemplate::Parameter),
            ';' | '\\' => return Err(InvalidTemplate::Refused(character)),
            _ if u8::try_from(character).is_ok_and(stands_plainly) => {}
            _ => return Err(InvalidTemplate::Unescaped(character)),
        }
    }
    Ok(one_spelling(text).into())
}

/// Percent-encoded, as a path holds it.
fn escaped(character: char) -> String {
    let mut bytes = [0; 4];
    let bytes = character.encode_utf8(&mut bytes).bytes();
    bytes.map(|byte| format!("%{byte:02X}")).collect()
}

fn stands_plainly(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()+,=:@".contains(&byte)
}

fn decoded(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// A path in which nothing is percent-encoded that can stand plainly, and the rest in capitals: as
/// backends read it that decode before they look for what is asked.
#[must_use]
pub fn one_spelling(path: &str) -> Cow<'_, str> {
    respelled(path, stands_plainly)
}

/// A path with the digits of its percent-encoding in capitals: as backends read it that do not decode
/// before they look for what is asked.
#[must_use]
pub fn in_capitals(path: &str) -> Cow<'_, str> {
    respelled(path, |_| false)
}

fn respelled(path: &str, is_decoded: impl Fn(u8) -> bool) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let digits = after.get(..2).map(str::as_bytes);
        let byte = match digits {
            Some([high, low]) => decoded(*high, *low),
            _ => None,
        };
        match (byte, after.get(..2), after.get(2..)) {
            (Some(byte), _, Some(after)) if is_decoded(byte) => {
                out.push(char::from(byte));
                rest = after;
            }
            (Some(_), Some(digits), Some(after)) => {
                out.push('%');
                out.push_str(&digits.to_ascii_uppercase());
                rest = after;
            }
            _ => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

impl Pattern {
    /// A parameter alone.
    fn anything() -> Self {
        Self { prefix: "".into(), between: Vec::new(), suffix: "".into() }
    }

    /// Returns whether a segment is of this form, with at least one character for each parameter.
    #[must_use]
    pub fn takes(&self, segment: &str) -> bool {
        let inner = segment.strip_prefix(&*self.prefix);
        let Some(mut rest) = inner.and_then(|rest| rest.strip_suffix(&*self.suffix)) else {
            return false;
        };
        for literal in &self.between {
            // The first place that leaves the parameter before it something: whatever comes after has
            // the most room then.
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let found = rest.get(first..).and_then(|text| text.find(&**literal));
            let Some(after) = found.and_then(|at| rest.get(first + at + literal.len()..)) else {
                return false;
            };
            rest = after;
        }
        !rest.is_empty()
    }

    fn literal_len(&self) -> usize {
        let between: usize = self.between.iter().map(|literal| literal.len()).sum();
        self.prefix.len() + between + self.suffix.len()
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key =
            |pattern: &Self| (std::cmp::Reverse(pattern.literal_len()), pattern.between.len());
        let text = |pattern: &Self| {
            (pattern.prefix.clone(), pattern.between.clone(), pattern.suffix.clone())
        };
        key(self).cmp(&key(other)).then_with(|| text(self).cmp(&text(other)))
    }
}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// With `{}` for each parameter.
impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Pattern(Pattern { prefix, between, suffix }) => {
                    write!(f, "/{prefix}{{}}")?;
                    between.iter().try_for_each(|literal| write!(f, "{literal}{{}}"))?;
                    f.write_str(suffix)?;
                }
            }
        }
        match (self.rest, self.segments.is_empty()) {
            (true, _) => f.write_str("/*"),
            (false, true) => f.write_str("/"),
            (false, false) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
