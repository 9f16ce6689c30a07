//! Where things are: the checkout, and what was built.

use std::path::Path;
use std::path::PathBuf;

/// The root of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the checkout is there")
}

/// The gateway's binary: that of `PHANTOM_BINARY`, or of the same build as this test.
#[must_use]
pub fn phantom() -> PathBuf {
    if let Some(binary) = std::env::var_os("PHANTOM_BINARY") {
        return PathBuf::from(binary);
    }
    let test = std::env::current_exe().expect("this test is a file");
    let profile = test.parent().and_then(Path::parent).expect("tests lie in `deps`");
    let binary = profile.join("phantom");
    assert!(binary.exists(), "{} is missing: run `cargo build -p phantom` first", binary.display());
    binary
}

/// The build folder, where `tools/peer` puts the third-party authorization server.
#[must_use]
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("this test is a file");
    test.ancestors().nth(3).expect("tests lie in `target/profile/deps`").to_owned()
}
