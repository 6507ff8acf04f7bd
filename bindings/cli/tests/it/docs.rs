//! The examples of `docs/command-line.md` run, and it has every command and every option.

use std::collections::BTreeSet;

use crate::common::{run, text};

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command-line.md");
    std::fs::read_to_string(path).unwrap()
}

/// The fenced blocks: their language and content.
fn blocks(page: &str) -> Vec<(&str, String)> {
    let mut blocks: Vec<(&str, String)> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        match (line.strip_prefix("```"), open) {
            (Some(language), false) => blocks.push((language, String::new())),
            (None, true) => blocks.last_mut().unwrap().1.push_str(&format!("{line}\n")),
            _ => {}
        }
        open ^= line.starts_with("```");
    }
    blocks
}

/// Every command, from the help of each.
fn commands() -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut index = 0;
    while index < found.len() {
        let help = help(&found[index]);
        let listed =
            help.split_once("Commands:\n").map(|(_, rest)| rest.split("\n\n").next().unwrap().to_owned());
        for line in listed.unwrap_or_default().lines() {
            let name = line.split_whitespace().next().unwrap();
            // Commands stand at two columns; lines further in go on with a description.
            if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
                found.push([&found[index][..], &[name.to_owned()]].concat());
            }
        }
        index += 1;
    }
    found
}

fn help(command: &[String]) -> String {
    let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    arguments.push("--help");
    text(&run(&arguments).stdout).to_owned()
}

fn options(text: &str) -> BTreeSet<String> {
    text.match_indices("--")
        .map(|(start, _)| {
            let rest = text.split_at(start + 2).1;
            rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect::<String>()
        })
        .filter(|name| name.len() > 1 && !name.starts_with('-'))
        .collect()
}

#[test]
fn every_command_and_option_is_there() {
    let page = page();
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    // `--path` is an option of cargo.
    let mut known = BTreeSet::from(["path".to_owned()]);
    known.extend(commands.iter().flat_map(|command| options(&help(command))));
    for command in &commands {
        let help = help(command);
        let own = options(&help);
        if help.contains("Commands:") {
            continue;
        }
        let title = format!("\n## {}\n", command.join(" "));
        let section = page.split_once(&title).unwrap_or_else(|| panic!("no section {title:?}")).1;
        let section = section.split("\n## ").next().unwrap();
        // What is said of all commands stands in front of the first one.
        let general = page.split("\n## ").next().unwrap();
        let mentioned = &options(section) | &options(general);
        for option in own.iter().filter(|option| !["help", "version"].contains(&option.as_str())) {
            assert!(mentioned.contains(option), "{title}: --{option} is not mentioned");
        }
    }
    for option in &options(&page) {
        assert!(known.contains(option), "there is no --{option}");
    }
}

#[cfg(unix)]
#[test]
fn every_example_runs() {
    let folder = crate::common::Folder::new();
    let program = crate::common::portcullis(&[]).get_program().to_owned();
    let programs = std::path::Path::new(&program).parent().unwrap().to_owned();
    let path = std::env::join_paths(
        std::iter::once(programs).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let page = page();
    let blocks = blocks(&page);
    let json = &blocks.iter().find(|(language, _)| *language == "json").unwrap().1;
    folder.write("portcullis.json", json);
    let (mut run, mut compared, mut last) = (0, 0, String::new());
    for (index, (language, content)) in blocks.iter().enumerate() {
        if *language == "text" && index > 0 && blocks[index - 1].0 == "sh" {
            assert_eq!(&last, content);
            compared += 1;
        }
        if *language != "sh" {
            continue;
        }
        for line in content.lines() {
            let code = line
                .split_once("# exits with ")
                .map_or(0, |(_, rest)| rest.chars().next().and_then(|digit| digit.to_digit(10)).unwrap());
            let output = std::process::Command::new("sh")
                .args(["-c", line])
                .current_dir(folder.path("."))
                .env("PATH", &path)
                .env("KEY_OF_ANOTHER_SYSTEM", "abc")
                .env("KEYS_OF_ANOTHER_SYSTEM", "abc,def")
                .output()
                .unwrap();
            crate::common::assert_code(&output, i32::try_from(code).unwrap());
            last = format!("{}{}", text(&output.stdout), text(&output.stderr));
            run += 1;
        }
    }
    assert!(run >= 20 && compared == 10, "{run} run, {compared} compared");
}
