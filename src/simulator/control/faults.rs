//! `POST /sim/fault`, `/sim/clear`, `/sim/socket`, `/sim/handshake`: what goes wrong.

use serde_json::json;

use super::super::{Fault, Handshake, Reason, Simulator, Times};
use super::acts::which;
use super::{Args, Outcome, Wrong};

/// Does the verb `name`.
pub fn act(simulator: &Simulator, name: &str, args: &Args) -> Outcome {
    match name {
        "fault" => {
            let (method, fault, times) = (args.text("method")?, fault(args)?, times(args)?);
            match args.maybe("channel") {
                Some(channel) => simulator.fault_in(method, channel, fault, times)?,
                None => simulator.fault(method, fault, times),
            }
            Ok(json!({}))
        }
        "clear" => {
            simulator.clear_faults();
            Ok(json!({}))
        }
        "socket" => socket(simulator, args),
        "handshake" => {
            let count = usize::try_from(args.number("times").unwrap_or(1)).unwrap_or(1);
            simulator.next_handshakes(std::iter::repeat_n(handshake(args)?, count));
            Ok(json!({}))
        }
        _ => Err(Wrong::Unknown),
    }
}

fn fault(args: &Args) -> Result<Fault, Wrong> {
    let number = |name: &str, default: u64| args.number(name).unwrap_or(default);
    Ok(match args.text("fault")? {
        "drop" => Fault::Drop,
        "stall" => Fault::Stall,
        "status" => Fault::Status(u16::try_from(number("status", 503)).unwrap_or(503)),
        "rate_limited" => Fault::RateLimited(number("seconds", 1)),
        "slow" => Fault::Slow(number("ms", 1000)),
        "accept_then_cut" => Fault::AcceptThenCut,
        "accept_then_stall" => Fault::AcceptThenStall,
        "error" => Fault::Error(args.text("error")?.to_owned()),
        other => {
            let known = "drop, stall, status, rate_limited, slow, accept_then_cut, accept_then_stall, error";
            return Err(Wrong::Argument(format!("\"fault\" is one of {known}, not {other}")));
        }
    })
}

/// `times`: a number (default 1) or `always`.
fn times(args: &Args) -> Result<Times, Wrong> {
    match (args.maybe("times"), args.number("times")) {
        (Some("always"), _) => Ok(Times::UntilCleared),
        (None, None) => Ok(Times::Count(1)),
        (_, Some(count)) => Ok(Times::Count(u32::try_from(count).unwrap_or(u32::MAX))),
        (Some(_), None) => Err(Wrong::Argument("\"times\" is a number or \"always\"".to_owned())),
    }
}

fn socket(simulator: &Simulator, args: &Args) -> Outcome {
    let which = which(args)?;
    let reached = match args.text("do")? {
        "disconnect" => {
            simulator.disconnect(which, Reason::from_word(args.maybe("reason").unwrap_or("warning")))
        }
        "close" => {
            simulator.close_sockets(which, u16::try_from(args.number("code").unwrap_or(1000)).unwrap_or(1000))
        }
        "cut" => simulator.cut_sockets(which),
        "stall" => simulator.stall_sockets(which),
        "binary" => simulator.send_binary(which, b"\x00\x01\x02"),
        _ => return Err(Wrong::Argument("\"do\" is disconnect, close, cut, stall or binary".to_owned())),
    };
    Ok(json!({"sockets": reached}))
}

fn handshake(args: &Args) -> Result<Handshake, Wrong> {
    Ok(match args.text("handshake")? {
        "refuse" => Handshake::Refuse(u16::try_from(args.number("status").unwrap_or(404)).unwrap_or(404)),
        "no_hello" => Handshake::NoHello,
        "disconnect" => Handshake::Disconnect(Reason::from_word(args.maybe("reason").unwrap_or("warning"))),
        _ => return Err(Wrong::Argument("\"handshake\" is refuse, no_hello or disconnect".to_owned())),
    })
}
