//! `POST /sim/fault`, `/sim/clear`, `/sim/socket`, `/sim/handshake`, `/sim/network`: what goes wrong.

use std::time::Duration;

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
        "network" => {
            simulator.cut_network(Duration::from_secs(args.number("seconds").unwrap_or(60)));
            Ok(json!({}))
        }
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
        "mute" => simulator.mute_sockets(which),
        "deafen" => simulator.deafen_sockets(which),
        "reset" => simulator.reset_sockets(which),
        "leave_late" => {
            let reason = Reason::from_word(args.maybe("reason").unwrap_or("warning"));
            simulator.leave_late(which, reason, Duration::from_secs(args.number("seconds").unwrap_or(20)))
        }
        "binary" => simulator.send_binary(which, b"\x00\x01\x02"),
        _ => {
            return Err(Wrong::Argument(
                "\"do\" is disconnect, leave_late, close, cut, reset, stall, mute, deafen or binary"
                    .to_owned(),
            ));
        }
    };
    Ok(json!({"sockets": reached}))
}

fn handshake(args: &Args) -> Result<Handshake, Wrong> {
    Ok(match args.text("handshake")? {
        "refuse" => Handshake::Refuse(u16::try_from(args.number("status").unwrap_or(404)).unwrap_or(404)),
        "no_hello" => Handshake::NoHello,
        "hello" => {
            let connections = args.number("num_connections").unwrap_or(1);
            Handshake::Hello(u32::try_from(connections).unwrap_or(u32::MAX))
        }
        "disconnect" => Handshake::Disconnect(Reason::from_word(args.maybe("reason").unwrap_or("warning"))),
        _ => {
            return Err(Wrong::Argument("\"handshake\" is hello, refuse, no_hello or disconnect".to_owned()));
        }
    })
}
