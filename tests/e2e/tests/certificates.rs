//! Certificates as people make them, and what is said where TLS with a server fails.

use std::path::Path;
use std::process::Command;

use phantom_e2e::certificate;
use phantom_e2e::certificate::PemFiles;
use phantom_e2e::gateway::Gateway;
use phantom_e2e::gateway::directory;
use phantom_e2e::peer::Peer;
use phantom_e2e::workspace;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use tempfile::TempDir;

/// What the manual of OpenSSL and a thousand pages say.
fn by_openssl(directory: &Path) -> PemFiles {
    let files =
        PemFiles { certificate: directory.join("cert.pem"), key: directory.join("key.pem") };
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-out"])
        .arg(&files.certificate)
        .arg("-keyout")
        .arg(&files.key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let shown = Command::new("openssl")
        .args(["x509", "-noout", "-ext", "basicConstraints", "-in"])
        .arg(&files.certificate)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("CA:TRUE"), "{shown}");
    files
}

/// The same, with these changes.
fn like_openssl(directory: &Path, change: impl FnOnce(&mut CertificateParams)) -> PemFiles {
    certificate::self_signed(directory, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(params);
    })
}

struct Stack {
    peer: Peer,
    gateway: Gateway,
    /// Of the certificate.
    _files: TempDir,
}

impl Stack {
    /// An authorization server with this certificate. It is behind `/backend` too.
    fn start(make: impl FnOnce(&Path) -> PemFiles, believed: bool) -> Self {
        let files = directory();
        let pem = make(files.path());
        let (cert, key) = (pem.certificate.to_str().unwrap(), pem.key.to_str().unwrap());
        let environment = [("AS_ALG", "ES256"), ("AS_TLS_CERT", cert), ("AS_TLS_KEY", key)];
        let peer = Peer::start(&environment);
        let issuer = peer.issuer();
        let ca_file = |key| if believed { format!("{key} = \"{cert}\"") } else { String::new() };
        let text = format!(
            "{}\n[[route]]\npath = \"/api\"\nupstream = \"{issuer}/_peer/stats\"\n\
             key_manager = \"peer\"\n\
             [[route]]\npath = \"/backend\"\npublic = true\nupstream = \"{issuer}/_peer/stats\"\n",
            peer.key_manager(&ca_file("ca_file")),
        );
        let gateway = Gateway::start_with_gateway_lines(&ca_file("upstream_ca_file"), &text);
        Self { peer, gateway, _files: files }
    }

    /// What a command says of the configuration.
    fn command(&self, args: &[&str]) -> (bool, String) {
        let mut command = Command::new(workspace::phantom());
        command.current_dir(self.gateway.directory()).args(args);
        command.env("INTROSPECTION_CLIENT_SECRET", "Password1");
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// In the log, by `explain` and by `check`: of the authorization server and of the backend.
    async fn fails_saying(&mut self, words: &[&str]) {
        assert_eq!(self.gateway.get("/backend").await.status, 502);
        assert_eq!(self.gateway.get_with("/api", "opaque").await.status, 503);
        let of_backend = |line: &str| line.contains("no connection to a backend");
        let of_server = |line: &str| line.contains("no verdict on a token");
        for about in [of_backend as fn(&str) -> bool, of_server] {
            self.gateway.process.wait_until("said", |log| {
                log.lines().any(|line| about(line) && words.iter().all(|word| line.contains(word)))
            });
        }
        let asked = ["explain", "-c", "phantom.toml", "--token", "opaque", "/api"];
        let (explained, said) = self.command(&asked);
        assert!(explained && words.iter().all(|word| said.contains(word)), "{said}");
        let (passed, said) = self.command(&["check", "-c", "phantom.toml", "--connect"]);
        assert!(!passed && words.iter().all(|word| said.contains(word)), "{said}");
        assert!(said.contains("key_manager[0]"), "{said}");
        let (passed, said) = self.command(&["check", "-c", "phantom.toml"]);
        assert!(passed, "nobody is called: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_openssl_req_x509_makes_is_believed_of_authorization_servers_and_backends() {
    let stack = Stack::start(by_openssl, true);
    stack.gateway.ready().await;
    assert_eq!(stack.gateway.get("/backend").await.status, 200);
    let token = stack.peer.token("read").await;
    assert_eq!(stack.gateway.get_with("/api", &token).await.status, 200);
    let (passed, said) = stack.command(&["check", "-c", "phantom.toml", "--connect"]);
    assert!(passed, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_issuer_is_named_with_the_setting_that_helps() {
    let mut stack = Stack::start(by_openssl, false);
    stack.fails_saying(&["UnknownIssuer", "ca_file"]).await;
    let mut stack = Stack::start(|folder| certificate::self_signed(folder, |_| {}), false);
    stack.fails_saying(&["UnknownIssuer", "ca_file"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_said_to_be_expired_although_it_is_believed() {
    let expire = |params: &mut CertificateParams| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    };
    let mut stack = Stack::start(|folder| like_openssl(folder, expire), true);
    stack.fails_saying(&["has expired"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_name_is_told_with_the_names_that_it_has() {
    let rename = |params: &mut CertificateParams| {
        *params = CertificateParams::new(vec!["login.example.com".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    let mut stack = Stack::start(|folder| like_openssl(folder, rename), true);
    stack.fails_saying(&["not valid for name", "login.example.com"]).await;
}
