//! An acknowledged write survives the process.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use phantom_store::*;
use uuid::Uuid;

use crate::bed::*;

const WRITER: &str = "PHANTOM_STORE_TEST_WRITER";

/// The test starts itself as the writer that it then kills.
#[tokio::test]
async fn acknowledged_writes_survive_kill_9() {
    if let Some(path) = std::env::var_os(WRITER) {
        return write_for_ever(Path::new(&path)).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let mut acknowledged = Vec::new();
    for round in 0..10 {
        let told = killed(&path);
        assert!(!told.is_empty(), "round {round}: nothing was written");
        acknowledged.extend(told);
        let store = open(&path).await;
        for &id in &acknowledged {
            let kept = store.application(id).await.unwrap();
            assert!(kept.is_some(), "round {round}: {id} was acknowledged and is gone");
        }
        // What belongs together is there together.
        let filter = ApplicationFilter { limit: 1, ..ApplicationFilter::default() };
        let total = store.applications(&filter).await.unwrap().total;
        assert!(total >= acknowledged.len() as u64);
        assert_eq!(store.last_change().await.unwrap(), total);
        assert_eq!(store.audit_latest(1, 0).await.unwrap()[0].sequence, total);
        store.close().await;
    }
}

/// What the writer acknowledged until it was killed, at a moment of no particular kind.
fn killed(path: &Path) -> Vec<Uuid> {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["crash::acknowledged_writes_survive_kill_9", "--exact", "--nocapture"])
        .env(WRITER, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap());
    let mut acknowledged = Vec::new();
    let chance = Uuid::new_v7(uuid::Timestamp::now(uuid::NoContext)).as_u128();
    let enough = 1 + (chance % 20) as usize;
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).unwrap() == 0 {
            break;
        }
        // The last line may be cut short.
        if let Some(id) = line.strip_prefix("kept ").and_then(|rest| rest.strip_suffix('\n')) {
            acknowledged.push(id.parse().unwrap());
        }
        if acknowledged.len() == enough {
            sleep(Duration::from_micros((chance >> 8) as u64 % 5000));
            writer.kill().unwrap();
        }
    }
    assert!(!writer.wait().unwrap().success());
    acknowledged
}

#[allow(clippy::print_stdout, reason = "what it prints is its acknowledgement")]
async fn write_for_ever(path: &Path) {
    let store = open(path).await;
    loop {
        let row = application("o", &Uuid::now_v7().to_string());
        let mut write = begin(&store).await;
        write.insert_application(&row).await.unwrap();
        write.commit().await.unwrap();
        println!("\nkept {}", row.id);
    }
}

async fn open(path: &Path) -> Store {
    let settings = StoreSettings {
        database: Database::Sqlite { path: path.to_owned() },
        sealing: SealingKey::from_text(KEY).unwrap(),
    };
    Store::open(&settings).await.unwrap()
}
