//! What the demo says at its start: who is where, and commands to paste.

use std::path::Path;

use crate::demo::Ports;
use crate::demo::prepare::LeftAlone;
use crate::setup::Extent;

pub(super) struct Banner<'a> {
    /// How this program is called.
    pub(super) command: &'a str,
    pub(super) configuration: &'a Path,
    pub(super) ports: Ports,
    /// What the authorization server says of itself.
    pub(super) server: &'a str,
    /// Nothing was kept before it.
    pub(super) is_new: bool,
    /// What is there otherwise than the demo makes it.
    pub(super) others: &'a [String],
    /// What was set up.
    pub(super) extent: Extent,
}

impl Banner<'_> {
    pub(super) fn text(&self, left_alone: Option<&LeftAlone>) -> String {
        let Self { command, ports, server, .. } = self;
        let Ports { authorization_server, api, gateway, apis_https, control, management, .. } =
            ports;
        let configuration = self.configuration.display();
        let password = match left_alone {
            Some(LeftAlone { password_changed: true, .. }) => "its password was changed",
            // Nobody has tried.
            None if self.extent == Extent::Nothing && !self.is_new => {
                "password admin unless it was changed"
            }
            _ => "password admin",
        };
        let left_alone = match left_alone {
            Some(left) => said(left, command),
            None if self.others.is_empty() => String::new(),
            None => {
                format!("\nOtherwise than the demo makes it:\n  {}\n", self.others.join("\n  "))
            }
        };
        let endpoint = match *authorization_server {
            port if port == Ports::DEFAULT.authorization_server => String::new(),
            port => format!(" --endpoint https://localhost:{port}/oauth/v2/oauth-token"),
        };
        let place = std::env::current_dir().map(|place| format!(", in {}", place.display()));
        let place = place.unwrap_or_default();
        let managed = match self.extent {
            Extent::Nothing if self.is_new => "(nothing is set up there)",
            Extent::Nothing => "(nothing is set up there; what is kept stays)",
            Extent::Everything | Extent::UpToApplication => "(API HttpBin, at /httpbin/v1)",
        };
        let managed_command = match self.extent {
            Extent::Everything => format!(
                "The managed API, as the application whose consumer key is client-one:\n  \
                 curl -k -H \"Authorization: Bearer $({command} token -k{endpoint} --client-id client-one)\" https://localhost:{apis_https}/httpbin/v1/get\n"
            ),
            // What it takes is not there yet.
            Extent::UpToApplication | Extent::Nothing => String::new(),
        };
        format!(
            "{server}\
             \n\
             Console:     https://localhost:{control}/ (begin here; user admin, {password})\n\
             Page:        http://localhost:{gateway}/\n\
             Gateway:     http://localhost:{gateway}/api\n\
             Sample API:  http://localhost:{api}/api\n\
             Managed:     https://localhost:{apis_https}/ {managed}\n\
             REST:        https://localhost:{control}/openapi.json (the same user)\n\
             Management:  http://127.0.0.1:{management}/metrics\n\
             Running from {configuration}, which you may read, and copy beside it: its paths begin there.\n\
             {left_alone}\
             \n\
             In another terminal{place}. Without a token the gateway answers 401:\n  \
             curl -i http://localhost:{gateway}/api\n\
             With one it forwards the JWT:\n  \
             curl -H \"Authorization: Bearer <opaque_token_value>\" http://localhost:{gateway}/api\n\
             Both steps in one:\n  \
             curl -H \"Authorization: Bearer $({command} token -k{endpoint})\" http://localhost:{gateway}/api\n\
             {managed_command}\
             \n\
             Ctrl-C stops it.\n"
        )
    }
}

fn said(left: &LeftAlone, command: &str) -> String {
    let reason = &left.reason;
    format!(
        "\nWhat was changed in the managed API stays, and nothing was made anew:\n  {reason}\n\
         `{command} demo --reset` starts over with nothing of what was kept (with the options of this start).\n"
    )
}
