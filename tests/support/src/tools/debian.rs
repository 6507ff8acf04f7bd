//! Programs that come as Debian packages.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

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
    let root = step.run(Command::new("id").arg("--user")).is_ok_and(|user| user.trim() == "0");
    let apt = Path::new("/usr/bin/apt-get").exists();
    if !root || !apt {
        bail!(
            "{CHROMIUM} is missing: install the Debian package with `sudo apt-get install --no-install-recommends \
             chromium`, or name another Chromium in the environment variable CHROMIUM"
        );
    }
    let apt_get = |arguments: &[&str]| {
        step.run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt_get(&["update"])?;
    apt_get(&["install", "-y", "--no-install-recommends", "chromium"])?;
    Ok(())
}
