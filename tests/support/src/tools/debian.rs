//! Programs that come as Debian packages.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::step::Step;

/// Where Debian's package puts Chromium.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Makes sure that Chromium is there, at the path in the environment variable `CHROMIUM` or where Debian puts it.
///
/// # Errors
///
/// If it is not and cannot be installed; says how to install it.
pub fn chromium(step: &Step) -> Result<()> {
    if let Some(path) = env::var_os("CHROMIUM") {
        if Path::new(&path).exists() {
            return Ok(());
        }
        // The tests would use that one whatever is installed.
        bail!(
            "CHROMIUM names {}, which does not exist: name a Chromium there, or unset it and install the Debian \
             package `chromium`",
            Path::new(&path).display()
        );
    }
    if Path::new(CHROMIUM).exists() {
        return Ok(());
    }
    install("chromium", step).context("or name another Chromium in the environment variable CHROMIUM")
}

/// Where Debian's package puts wrk.
const WRK: &str = "/usr/bin/wrk";

/// Makes sure that wrk is there, which sends requests as fast as they are answered; its path.
///
/// # Errors
///
/// If it is not and cannot be installed; says how to install it.
pub fn wrk(step: &Step) -> Result<&'static Path> {
    if !Path::new(WRK).exists() {
        install("wrk", step)?;
    }
    Ok(Path::new(WRK))
}

/// The library under PostgreSQL's extension `uuid-ossp`, as the loader knows it.
const UUID_LIBRARY: &str = "libossp-uuid.so.16";

/// Makes sure that this library is there.
///
/// # Errors
///
/// If it is not and cannot be installed; says how to install it.
pub fn uuid_library(step: &Step) -> Result<()> {
    // Wherever the folder of libraries is on this kind of machine.
    let known = step.run(Command::new("/sbin/ldconfig").arg("-p")).unwrap_or_default();
    if known.contains(UUID_LIBRARY) { Ok(()) } else { install("libossp-uuid16", step) }
}

/// Installs a package, which only root can, and only Debian.
fn install(package: &str, step: &Step) -> Result<()> {
    let root = step.run(Command::new("id").arg("--user")).is_ok_and(|user| user.trim() == "0");
    let apt = Path::new("/usr/bin/apt-get").exists();
    if !root || !apt {
        bail!(
            "{package} is missing: install the Debian package with `sudo apt-get install --no-install-recommends {package}`"
        );
    }
    let apt_get = |arguments: &[&str]| {
        step.run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt_get(&["update"])?;
    apt_get(&["install", "-y", "--no-install-recommends", package])?;
    Ok(())
}
