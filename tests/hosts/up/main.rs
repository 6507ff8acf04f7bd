//! `cargo xtask up`, as a user starts and stops it.

mod command;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use command::{Up, answers, refused};
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::build;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::step::step;

const HOSTS: [&str; 3] = ["worker", "envoy", "component"];

fn main() -> ExitCode {
    let mut tests = vec![
        harness::check("up::somebody_listens_there", somebody_listens_there),
        harness::check("up::the_document_is_refused", the_document_is_refused),
        harness::check("up::the_origin_is_no_address", the_origin_is_no_address),
    ];
    tests.extend(
        HOSTS.map(|host| {
            harness::check(format!("up::{host}::two_side_by_side"), move || two_side_by_side(host))
        }),
    );
    harness::run(tests, Order::Sequential)
}

/// An address where nothing listens.
fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn somebody_listens_there() -> Result<()> {
    let somebody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = somebody.local_addr()?;
    for host in HOSTS {
        let (printed, complaint) = refused(Up::new(host).listen(address))?;
        ensure!(!printed.contains("The gate listens"), "{host}: {printed}");
        let names_all = ["--listen", &address.to_string()].iter().all(|part| complaint.contains(part));
        ensure!(names_all, "{host}: {complaint}");
    }
    Ok(())
}

fn the_document_is_refused() -> Result<()> {
    for host in HOSTS {
        let (printed, complaint) = refused(Up::new(host).listen(free()?).without_secret())?;
        ensure!(!printed.contains("The gate listens"), "{host}: {printed}");
        let names_all =
            ["/issuers/0/keys/0/secret", "JWT_SECRET_KEY"].iter().all(|part| complaint.contains(part));
        ensure!(names_all, "{host}: {complaint}");
    }
    Ok(())
}

fn the_origin_is_no_address() -> Result<()> {
    let (_, complaint) = refused(Up::new("worker").listen(free()?).origin("127.0.0.1:8000"))?;
    ensure!(complaint.contains("--origin") && complaint.contains("http://HOST:PORT"), "{complaint}");
    Ok(())
}

/// Each serves, prints a line for a request at once, and leaves nothing behind; the end of one is not that of the other.
fn two_side_by_side(host: &str) -> Result<()> {
    // Not within the time that the command may take to start.
    step("build what it starts", |step| match host {
        "worker" => build::worker(step).map(drop),
        "envoy" => build::proxy_wasm(step).map(drop),
        _ => build::components(step).map(drop),
    })?;
    let addresses = [free()?, free()?];
    let [mut first, mut second] = {
        let [one, other] = addresses;
        [Up::new(host).listen(one).start()?, Up::new(host).listen(other).start()?]
    };
    for (up, address) in [(&mut first, addresses[0]), (&mut second, addresses[1])] {
        up.wait_for("The gate listens", Duration::from_secs(60))?;
        ensure!(answers(address) == Some(401), "{host} at {address} answers {:?}", answers(address));
        up.wait_for("\"credential_missing\"", PATIENCE)?;
    }
    first.terminate()?;
    ensure!(answers(addresses[0]).is_none(), "{host}: something still listens on {}", addresses[0]);
    ensure!(answers(addresses[1]) == Some(401), "{host}: the other has ended too");
    second.terminate()?;
    ensure!(answers(addresses[1]).is_none(), "{host}: something still listens on {}", addresses[1]);
    Ok(())
}
