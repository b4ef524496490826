//! Who may know whom, and how long things may be. Rust compiles module cycles without a word, so this test speaks.
//!
//! It reads the sources as text: comments and string literals are blanked first, then paths that begin with `crate::`
//! are collected, out of `use` trees as well, and chains of `super::` that climb out of a folder. A path is taken for
//! what it says; renames through `use crate as x` are not followed, because nobody writes them here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which top-level module may import which. `dispatch::submit` means that submodule alone; `*` means all.
const IMPORTS: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    ("runtime", &["domain"]),
    ("config", &["domain"]),
    ("store", &["domain"]),
    ("slack", &["domain", "config"]),
    ("llm", &["domain", "config"]),
    ("dispatch", &["domain", "runtime", "config", "store", "slack"]),
    ("commands", &["domain", "store", "dispatch::submit"]),
    ("intake", &["domain", "runtime", "store", "slack", "llm", "commands", "dispatch::submit"]),
    ("alarm", &["domain", "runtime", "config", "store", "slack", "dispatch::mail", "dispatch::sign"]),
    (
        "web",
        &["domain", "config", "store", "runtime::crew", "slack", "intake", "commands", "dispatch", "alarm"],
    ),
    ("simulator", &[]),
    ("app", &["*"]),
    ("cli", &["*"]),
];

/// What a decision must not know: I/O, tasks, logs, clocks.
const FORBIDDEN_IN_DOMAIN: [&str; 6] = ["tokio", "rusqlite", "axum", "tracing", "async fn", "::now("];

/// Longest file, in lines.
const FILE_LINES: usize = 500;

/// Longest function, in lines from its `fn` to its closing brace.
const FUNCTION_LINES: usize = 80;

#[test]
fn every_import_is_in_the_table() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(module) = source.module() else { continue };
        for path in crate_paths(&source.code).into_iter().chain(source.paths_by_super()) {
            if !is_allowed(&module, &path) {
                wrong.push(format!("{}: {module} may not import {path}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "edges that design and table do not have:\n{}", wrong.join("\n"));
}

#[test]
fn every_top_level_module_is_in_the_table() {
    let lib = Source::read(&root().join("src/lib.rs"));
    for module in lib.code.split("pub mod ").skip(1).filter_map(|rest| rest.split([';', ' ', '{']).next()) {
        assert!(
            IMPORTS.iter().any(|(name, _)| *name == module),
            "src/lib.rs: {module} has no row in the table"
        );
    }
}

#[test]
fn decisions_know_nothing_of_the_outside() {
    let mut wrong = Vec::new();
    for source in sources().into_iter().filter(|source| source.module().as_deref() == Some("domain")) {
        for word in FORBIDDEN_IN_DOMAIN.iter().filter(|word| has_word(&source.code, word)) {
            wrong.push(format!("{}: {word}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "words that domain must not use:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_and_no_function_is_too_long() {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = source.path.display();
        let lines = source.code.lines().count();
        if lines > FILE_LINES {
            wrong.push(format!("{path}: {lines} lines, {FILE_LINES} are allowed"));
        }
        for (name, at, length) in
            functions(&source.code).into_iter().filter(|(.., length)| *length > FUNCTION_LINES)
        {
            wrong.push(format!("{path}:{at}: fn {name} has {length} lines, {FUNCTION_LINES} are allowed"));
        }
    }
    assert!(wrong.is_empty(), "too long to be read in one go:\n{}", wrong.join("\n"));
}

/// One file of `src`, with what is not code blanked.
struct Source {
    path: PathBuf,
    code: String,
}

impl Source {
    fn read(path: &Path) -> Source {
        let text = fs::read_to_string(path).expect("a source file can be read");
        let path = path.strip_prefix(root()).expect("it lies in the repository").to_path_buf();
        Source { path, code: blank(&text) }
    }

    /// The paths that reach the crate's root by climbing: `super::super::store` in `src/intake/bundle.rs`.
    fn paths_by_super(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        let tests = self.code.find("mod tests {").unwrap_or(self.code.len());
        let tests = tests..tests + body_end(&self.code[tests..]).unwrap_or_default();
        let mut at = 0;
        while let Some(found) = self.code[at..].find("super::") {
            at += found;
            let begun = at;
            let mut climbed = 0;
            while self.code[at..].starts_with("super::") {
                climbed += 1;
                at += "super::".len();
            }
            let depth = self.depth() + usize::from(tests.contains(&begun));
            if climbed >= depth {
                spread("", &self.code[at..], &mut paths);
            }
        }
        paths
    }

    /// How many modules deep the file is: `src/lib.rs` 0, `src/intake/mod.rs` 1, `src/intake/bundle.rs` 2.
    fn depth(&self) -> usize {
        let folders = self.path.components().count() - 2;
        let own = !self.path.ends_with("mod.rs") && self.module().is_some();
        folders + usize::from(own)
    }

    /// The top-level module it belongs to; `main.rs` and `lib.rs` belong to none.
    fn module(&self) -> Option<String> {
        let mut parts =
            self.path.components().skip(1).map(|part| part.as_os_str().to_string_lossy().into_owned());
        let first = parts.next()?;
        match first.strip_suffix(".rs") {
            Some("main" | "lib") => None,
            Some(module) => Some(module.to_owned()),
            None => Some(first),
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut folders = vec![root().join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder can be listed") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(Source::read(&path));
            }
        }
    }
    assert!(found.len() > 10, "only {} files found: is this the repository?", found.len());
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Whether `module` may use `path` (`store::events::Recorded`, without `crate::`).
fn is_allowed(module: &str, path: &str) -> bool {
    let top = path.split("::").next().unwrap_or_default();
    let row = IMPORTS.iter().find(|(name, _)| *name == module).map(|(_, row)| *row).unwrap_or_default();
    top == module
        || row.iter().any(|allowed| {
            *allowed == "*"
                || path == *allowed
                || path.strip_prefix(allowed).is_some_and(|rest| rest.starts_with("::"))
        })
}

/// Every path behind `crate::`, with `use` trees spread out: `crate::a::{b, c::d}` gives `a::b` and `a::c::d`.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        // `pub(in crate::x)` is a path too; `$crate::` and `my_crate::` are not.
        if before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '$')) {
            spread("", &code[at + "crate::".len()..], &mut paths);
        }
    }
    paths
}

/// Adds the paths of one tree that begins at `text`; returns how much of it was read.
fn spread(prefix: &str, text: &str, paths: &mut BTreeSet<String>) -> usize {
    let word = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..word]);
    if !text[word..].starts_with('{') {
        paths.insert(path.trim_end_matches(':').to_owned());
        return word;
    }
    let mut at = word + 1;
    loop {
        let rest = &text[at..];
        let skip = rest.find(|c: char| !(c.is_whitespace() || c == ',')).unwrap_or(rest.len());
        at += skip;
        match text[at..].chars().next() {
            None => return at,
            Some('}') => return at + 1,
            // `*`, `as` and whatever else stands in a tree names no module of its own.
            Some(c) if !(c.is_alphanumeric() || c == '_') => at += c.len_utf8(),
            Some(_) => at += spread(&path, &text[at..], paths),
        }
    }
}

/// Whether `word` stands in the code on its own: `tracing` does not stand in `retracing`.
fn has_word(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(part);
        let after = code[at + word.len()..].chars().next().is_some_and(part);
        !((before && word.starts_with(part)) || (after && word.ends_with(part)))
    })
}

/// Name, line and length in lines of every function with a body.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let name: String = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let own_word = code[..at].chars().next_back().is_none_or(|c| !(c.is_alphanumeric() || c == '_'));
        if name.is_empty() || !own_word {
            continue;
        }
        if let Some(end) = body_end(&code[at..]) {
            let line = code[..at].matches('\n').count() + 1;
            found.push((name, line, code[at..at + end].matches('\n').count() + 1));
        }
    }
    found
}

/// Where the body of the function that begins `code` ends; `None` for a declaration without one.
fn body_end(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut nested = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' if depth == 0 => nested += 1,
            ')' | ']' if depth == 0 => nested = nested.saturating_sub(1),
            ';' if depth == 0 && nested == 0 => return None,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The code with comments, strings and character literals blanked; line ends stay, so that lines keep their numbers.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest, out.chars().next_back()).unwrap_or(0);
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// Length in bytes of the comment or literal that `text` begins with.
fn literal(text: &str, before: Option<char>) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |end| end + 2));
    }
    if text.starts_with('"') {
        return Some(quoted(text, '"'));
    }
    if text.starts_with('\'') {
        return character(text);
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if text.starts_with('r') && !in_word || text.starts_with('r') && before == Some('b') {
        let hashes = text[1..].chars().take_while(|c| *c == '#').count();
        if text[1 + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = 2 + hashes;
            return Some(text[open..].find(&close).map_or(text.len(), |end| open + end + close.len()));
        }
    }
    None
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character literal, and not the beginning of a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut inner = text[1..].chars();
    match (inner.next()?, inner.next()?) {
        ('\\', _) => Some(quoted(text, '\'')),
        (c, '\'') => Some(2 + c.len_utf8()),
        _ => None,
    }
}

#[test]
fn the_readers_of_source_text_read_it_rightly() {
    let code = blank(
        "use crate::a::{b, c::{d, E}}; // crate::x\nlet s = \"crate::y\"; crate::f::g(); '\"' 'a r#\"crate::z\"#",
    );
    let paths: Vec<String> = crate_paths(&code).into_iter().collect();
    assert_eq!(paths, ["a::b", "a::c::E", "a::c::d", "f::g"]);
    let climber = Source {
        path: "src/intake/bundle.rs".into(),
        code: "super::super::web; mod tests { use super::a; }".into(),
    };
    assert_eq!(climber.paths_by_super().into_iter().collect::<Vec<_>>(), ["web"]);
    assert!(is_allowed("commands", "dispatch::submit::Submit"));
    assert!(!is_allowed("commands", "dispatch::send") && !is_allowed("commands", "dispatch::submitted"));
    assert!(
        !is_allowed("store", "slack::wire")
            && is_allowed("store", "store::events")
            && is_allowed("cli", "web")
    );
    assert!(
        has_word("tokio::spawn", "tokio")
            && !has_word("detokio", "tokio")
            && has_word("Clock::now()", "::now(")
    );
    let found = functions("fn a(x: [u8; 2]) -> u8 {\n  { 1 }\n}\ntrait T { fn b(); fn c() {} }\n");
    assert_eq!(found, [("a".to_owned(), 1, 3), ("c".to_owned(), 4, 1)]);
}
