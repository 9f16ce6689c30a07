//! Where permitted requests go.

use phantom_core::Endpoint;
use phantom_core::endpoint::InvalidEndpoint;
use phantom_pipeline::Target;
use phantom_pipeline::route::Upstream;

use crate::context::Context;
use crate::place::At;
use crate::raw::RawRoute;

/// `None` only with an error noted.
pub(super) fn target(raw: &RawRoute, context: Context<'_>) -> Option<Target> {
    match (&raw.upstream, &raw.static_dir) {
        (Some(at), None) => upstream(at, context).map(Target::from),
        (None, Some(at)) => {
            let path = context.path(&at.value);
            if path.is_dir() {
                return Some(Target::Directory(path.into()));
            }
            context.error(&at.place, format!("{} is not a directory", path.display()), "create it");
            None
        }
        (Some(_), Some(at)) => {
            context.error(&at.place, "there is `upstream` as well", "keep one of them");
            None
        }
        (None, None) => {
            let noted = ["upstream", "static_dir"]
                .iter()
                .any(|key| context.problems.concerns(&raw.place, key));
            if !noted {
                let hint = "add upstream = \"http://localhost:3000\", or static_dir = \"html\"";
                context.error(&raw.place, "the route leads nowhere", hint);
            }
            None
        }
    }
}

fn upstream(at: &At<String>, context: Context<'_>) -> Option<Upstream> {
    let parsed = Endpoint::parse(&at.value);
    if let Err(error) = parsed {
        let hint = match error {
            InvalidEndpoint::Credentials => "the gateway sends the phantom token",
            InvalidEndpoint::Query => "the client's query is passed on",
            InvalidEndpoint::Path => "write it plainly",
            InvalidEndpoint::NotHttp
                if Endpoint::parse(&format!("http://{}", at.value)).is_ok() =>
            {
                &format!("write \"http://{}\"", at.value)
            }
            InvalidEndpoint::TooLong | InvalidEndpoint::NotHttp | InvalidEndpoint::Host => {
                "write \"http://localhost:3000/api\""
            }
        };
        context.error(&at.place, format!("{:?} {error}", at.value), hint);
    }
    parsed.ok().map(Upstream::from)
}
