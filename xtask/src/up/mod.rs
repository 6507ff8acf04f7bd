//! `cargo xtask up`: any host in front of any origin, for trying things out and for tests of one's own.

mod args;
mod document;
mod running;

use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

pub(crate) use self::args::UpArgs;
use self::document::Document;
use self::running::{Running, built};
use crate::interrupt::{self, Interrupt};

/// Starts the host, prints its log, and stops it at Ctrl-C or a polite signal.
///
/// # Errors
///
/// If it does not come up, or ends by itself; says why.
pub(crate) fn run(args: &UpArgs) -> Result<bool> {
    let document = Document::read(&args.config)?;
    let origin = origin_address(&args.origin)?;
    check_is_free(args.listen)?;
    let artefact = built(args.host)?;

    let runtime = interrupt::runtime()?;
    let mut interrupt = runtime.block_on(async { Interrupt::listen() })?;
    // Somebody else may have come while things were built.
    check_is_free(args.listen)?;
    let mut running = Running::start(args, origin, &artefact, document)?;
    println!("The gate listens on http://{} in front of {}. Ctrl-C ends it.", args.listen, args.origin);
    runtime.block_on(print_log(&mut running, &mut interrupt))?;
    Ok(true)
}

/// Prints the lines of the log as they come, until a signal does.
async fn print_log(running: &mut Running, interrupt: &mut Interrupt) -> Result<()> {
    let mut printed = 0;
    loop {
        let ended = running.ended()?;
        let lines = running.lines();
        lines.iter().skip(printed).for_each(|line| println!("{line}"));
        printed = lines.len();
        if let Some(status) = ended {
            bail!("the host has ended by itself ({status})");
        }
        tokio::select! {
            stop = interrupt.wait() => return Ok(stop?),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
    }
}

/// Whether nothing listens on `address` yet.
fn check_is_free(address: SocketAddr) -> Result<()> {
    TcpListener::bind(address).map(drop).with_context(|| {
        format!("--listen: cannot listen on {address}; --listen HOST:PORT takes another address")
    })
}

/// The address in `http://HOST:PORT`.
fn origin_address(origin: &str) -> Result<SocketAddr> {
    let Some(authority) = origin.strip_prefix("http://") else {
        bail!(
            "--origin: write it as http://HOST:PORT; TLS to the origin takes an Envoy configuration of your own"
        );
    };
    let authority = authority.trim_end_matches('/');
    let with_port = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let mut addresses = with_port.to_socket_addrs().with_context(|| format!("--origin: {origin}"))?;
    addresses.next().with_context(|| format!("--origin: {origin} has no address"))
}

#[cfg(test)]
mod tests {
    use super::origin_address;

    #[test]
    fn origins() {
        assert_eq!(origin_address("http://127.0.0.1:8000/").expect("an address").port(), 8000);
        assert_eq!(origin_address("http://127.0.0.1").expect("an address").port(), 80);
        assert!(origin_address("https://127.0.0.1").is_err());
    }
}
