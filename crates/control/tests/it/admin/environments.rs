//! `/environments`.

use serde_json::json;

use super::*;

/// Rows: WSO2-9
#[tokio::test]
async fn there_is_one_environment_named_default() {
    let plane = Plane::start().await;
    let list = get(&plane, "/environments").await.expect(200);
    assert_eq!(list["count"], 1);
    let environment = &list["list"][0];
    assert_eq!(environment["name"], "Default");
    assert_eq!(environment["vhosts"][0]["host"], "localhost");
    assert_eq!(environment["vhosts"][0]["httpsPort"], 8243);
    assert_eq!(environment["vhosts"][0]["httpPort"], 8280);
    assert_eq!(&get(&plane, "/environments/Default").await.expect(200), environment);
    get(&plane, "/environments/Other").await.expect_error(404, 404, "Environment");
}

#[tokio::test]
async fn environments_cannot_be_changed() {
    let plane = Plane::start().await;
    let body = json!({"name": "Other", "vhosts": [{"host": "localhost"}]});
    post(&plane, "/environments", &body).await.expect_error(405, 405, "Method Not Allowed");
    put(&plane, "/environments/Default", &body).await.expect_error(405, 405, "Method Not Allowed");
    delete(&plane, "/environments/Default").await.expect_error(405, 405, "Method Not Allowed");
}
