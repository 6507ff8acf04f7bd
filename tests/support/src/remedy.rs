//! How to get a program that is missing.

/// What to do about it.
pub(crate) fn remedy(program: &str) -> &'static str {
    let name = program.rsplit('/').next().unwrap_or(program);
    match name {
        "cargo" | "rustc" | "rustup" => "install Rust with rustup (rustup.rs)",
        "node" | "npm" => {
            "install Node.js 20 or newer (nodejs.org, or the Debian packages `nodejs` and `npm`)"
        }
        "python3" | "python3.12" | "python3.13" => {
            "install Python 3.12 or newer with venv (python.org, pyenv, or the Debian packages `python3` and `python3-venv`)"
        }
        "c++" | "g++" | "clang++" => "install a C++ compiler (the Debian package `g++`)",
        "git" => "install Git (the Debian package `git`)",
        _ => "install it or put it on PATH",
    }
}
