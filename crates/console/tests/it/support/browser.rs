//! Follows links, fills forms and keeps cookies.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use http::Method;
use http::Request;
use http::StatusCode;
use http::header;
use tower::ServiceExt;

use super::Page;

pub(crate) struct Browser<'c> {
    router: &'c Router,
    cookies: BTreeMap<String, String>,
}

impl<'c> Browser<'c> {
    pub(crate) fn new(router: &'c Router) -> Self {
        Self { router, cookies: BTreeMap::new() }
    }

    pub(crate) async fn sign_in(&mut self, user: &str) {
        let password =
            if user == "admin" { "admin".to_owned() } else { format!("{user}-password") };
        let page = self.get("/login").await;
        let fields = [("user", user), ("secret.password", &password)];
        let page = self.send(&page, "Sign in", &fields).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.request(Method::GET, path, &[], String::new()).await
    }

    /// The same, and on to where it leads.
    pub(crate) async fn open(&mut self, path: &str) -> Page {
        let mut page = self.get(path).await;
        for _ in 0..5 {
            let Some(to) = page.location() else { return page };
            page = self.get(&to).await;
        }
        panic!("{path} leads in a circle");
    }

    /// Sends the form of the page that has a button of that name: its fields as they stand, but for
    /// these, and the button itself.
    pub(crate) async fn send(
        &mut self,
        page: &Page,
        button: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let form = page.form(button);
        let mut all = form.fields;
        for (name, value) in fields {
            all.retain(|(field, _)| field != name);
            if *value != "(none)" {
                all.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        let action = if form.action.is_empty() { page.path.clone() } else { form.action };
        let body = serde_urlencoded(&all);
        self.request(Method::POST, &action, &[], body).await
    }

    /// The same, and on to where it leads.
    pub(crate) async fn send_on(
        &mut self,
        page: &Page,
        button: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let sent = self.send(page, button, fields).await;
        match sent.location() {
            Some(to) => self.open(&to).await,
            None => sent,
        }
    }

    pub(crate) async fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Page {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost:9443")
            .header(header::COOKIE, cookies.join("; "));
        if !headers.iter().any(|(name, _)| *name == header::CONTENT_TYPE) {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => drop(self.cookies.remove(name)),
                value => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        Page::read(path, response).await
    }
}

fn serde_urlencoded(fields: &[(String, String)]) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        text.append_pair(name, value);
    }
    text.finish()
}
