//! A form for one thing: what may be said of it, in groups, and what is wrong.

use askama::Template;
use phantom_pages::components::Csrf;
use phantom_pages::components::Diff;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
use phantom_pages::components::Notice;
use phantom_pages::components::Version;
use phantom_pages::visit::Visit;

#[derive(Template)]
#[template(path = "admin/editor.html")]
pub(super) struct Editor {
    pub(super) head: Head,
    pub(super) notices: Vec<Notice>,
    /// What is stored, and what was typed meanwhile.
    pub(super) diff: Option<Diff>,
    pub(super) sheets: Vec<Sheet>,
    pub(super) cancel: String,
}

/// One form of the page.
pub(super) struct Sheet {
    pub(super) csrf: Csrf,
    pub(super) version: Option<Version>,
    pub(super) action: String,
    pub(super) groups: Vec<Group>,
    /// The button; none where it may be looked at alone.
    pub(super) verb: Option<&'static str>,
    pub(super) is_main: bool,
}

pub(super) struct Group {
    pub(super) legend: &'static str,
    /// Side by side: they make one sentence.
    pub(super) abreast: Vec<Field>,
    pub(super) fields: Vec<Field>,
}

impl Sheet {
    pub(super) fn new(visit: &Visit, action: String, verb: &'static str) -> Self {
        Self {
            csrf: visit.csrf.clone(),
            version: None,
            action,
            groups: Vec::new(),
            verb: Some(verb),
            is_main: true,
        }
    }

    pub(super) fn group(mut self, legend: &'static str, fields: Vec<Field>) -> Self {
        self.groups.push(Group { legend, abreast: Vec::new(), fields });
        self
    }

    /// A group that begins with fields side by side.
    pub(super) fn sentence(
        mut self,
        legend: &'static str,
        abreast: Vec<Field>,
        fields: Vec<Field>,
    ) -> Self {
        self.groups.push(Group { legend, abreast, fields });
        self
    }

    pub(super) fn versioned(self, version: Option<i64>) -> Self {
        Self { version: version.map(Version), ..self }
    }
}
