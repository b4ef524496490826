//! `deskd manifest`: the Slack app that deskd needs, as Slack's manifest or as a link that creates it.

use serde_json::{Value, json};

use super::call::{Call, Exit};

/// Print the manifest of the Slack app that deskd needs.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Print the link that creates the app with one click instead.
    #[arg(long)]
    pub url: bool,
    /// Name of the app in Slack.
    #[arg(long, default_value = "deskd")]
    pub name: String,
}

/// How a manifest and its link are made.
#[derive(Clone, Copy, Debug)]
pub struct Make {
    /// The manifest for an app of this name.
    pub manifest: fn(&str) -> Value,
    /// The link that creates an app from a manifest.
    pub link: fn(&Value) -> String,
}

/// Prints the manifest as JSON, or the link.
pub fn run(args: &Args, call: &mut Call<'_>, make: Make) -> anyhow::Result<Exit> {
    let manifest = (make.manifest)(&args.name);
    if !args.url {
        call.print_json(&manifest)?;
        return Ok(Exit::Done);
    }
    let link = (make.link)(&manifest);
    if call.json {
        call.print_json(&json!({ "install_link": link }))?;
    } else {
        writeln!(call.out, "{link}")?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::{Args, Make, run};
    use crate::cli::call::Call;
    use crate::config::{Environment, Sources};
    use serde_json::json;

    fn printed(url: bool, json: bool) -> String {
        let args = Args { url, name: "Desk".to_owned() };
        let make = Make {
            manifest: |name| json!({ "display_information": { "name": name } }),
            link: |manifest| format!("https://slack.example/?{manifest}"),
        };
        let sources = Sources { config: None, env: Environment::new(), flags: Vec::new(), root: false };
        let mut out = Vec::new();
        run(&args, &mut Call { sources, json, out: &mut out }, make).expect("it can be written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_manifest_is_json_and_the_link_one_line() {
        let manifest: serde_json::Value = serde_json::from_str(&printed(false, false)).expect("JSON");
        assert_eq!(manifest["display_information"]["name"], "Desk");
        let link = "https://slack.example/?{\"display_information\":{\"name\":\"Desk\"}}";
        assert_eq!(printed(true, false), format!("{link}\n"));
        let answer: serde_json::Value = serde_json::from_str(&printed(true, true)).expect("JSON");
        assert_eq!(answer["install_link"], link);
    }
}
