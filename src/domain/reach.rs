//! Which addresses of the network a signed webhook may go to. A name is looked up for each connection and every address
//! it has is asked about here, so that a name that points inwards today opens no door that its owner did not open.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// How far a call may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Addresses of the internet only.
    Public,
    /// Addresses of this machine and of private networks only: what travels there unencrypted stays inside.
    Private,
    /// Both.
    Any,
}

/// Whose address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Somewhere on the internet.
    Public,
    /// This machine, or a network that is not the internet.
    Private,
    /// Nobody's: multicast, reserved, for examples, or a tunnel that hides another address.
    Nobody,
}

impl Reach {
    /// How far an endpoint reaches; `None` when it may not be called at all, because it would go through the internet
    /// unencrypted.
    pub fn of(encrypted: bool, allow_private: bool) -> Option<Reach> {
        match (encrypted, allow_private) {
            (true, false) => Some(Reach::Public),
            (true, true) => Some(Reach::Any),
            (false, true) => Some(Reach::Private),
            (false, false) => None,
        }
    }

    /// Whether a connection to this address may be made.
    pub fn admits(self, address: IpAddr) -> bool {
        match place(address) {
            Place::Public => matches!(self, Reach::Public | Reach::Any),
            Place::Private => matches!(self, Reach::Private | Reach::Any),
            Place::Nobody => false,
        }
    }
}

/// How far calls of a language model may go: to this machine always, to what is listed, and anywhere only where that was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Whether addresses of the internet may be called.
    pub anywhere: bool,
    /// Private addresses and networks that may be called.
    pub listed: Vec<IpNet>,
}

impl Bounds {
    /// Whether a connection to this address may be made.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let listed = |network: &IpNet| network.contains(&address);
        match place(address) {
            _ if address.is_loopback() => true,
            Place::Public => self.anywhere,
            Place::Private => self.listed.iter().any(listed),
            Place::Nobody => false,
        }
    }

    /// Whether all of a network is private: its first and its last address are, and it is no larger than the largest there is.
    pub fn is_private(network: IpNet) -> bool {
        let large_enough = match network {
            IpNet::V4(network) => network.prefix_len() >= 8,
            IpNet::V6(network) => network.prefix_len() >= 7,
        };
        large_enough
            && [network.network(), network.broadcast()].into_iter().all(|end| place(end) == Place::Private)
    }
}

fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => place_v4(address),
        IpAddr::V6(address) => place_v6(address),
    }
}

fn place_v4(address: Ipv4Addr) -> Place {
    match address.octets() {
        // This machine, private networks, carriers' and overlay networks, link-local with the cloud's metadata service.
        [127 | 10, ..] | [192, 168, ..] | [169, 254, ..] => Place::Private,
        [172, second, ..] if (16..32).contains(&second) => Place::Private,
        [100, second, ..] if (64..128).contains(&second) => Place::Private,
        // "This network", protocol assignments, examples, 6to4 relays, benchmarks, multicast and reserved.
        [0, ..] | [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => {
            Place::Nobody
        }
        [198, 18 | 19, ..] | [224..=255, ..] => Place::Nobody,
        _ => Place::Public,
    }
}

fn place_v6(address: Ipv6Addr) -> Place {
    if address.is_loopback() {
        return Place::Private;
    }
    let segments = address.segments();
    let [.., high, low] = segments;
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    let inner = Ipv4Addr::new(a, b, c, d);
    match segments {
        // An IPv4 address in other clothes: mapped, and translated by NAT64.
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => place_v4(inner),
        // Unique local and link-local.
        [0xfc00..=0xfdff, ..] | [0xfe80..=0xfebf, ..] => Place::Private,
        // Teredo and other assignments, examples, 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => {
            Place::Nobody
        }
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Place, Reach, place};

    #[test]
    fn inner_addresses_are_told_from_those_of_the_internet_in_whatever_clothes_they_come() {
        for (addresses, expected) in [
            ("127.0.0.1 127.255.0.9 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1", Place::Private),
            ("169.254.169.254 100.64.0.1 100.127.255.255", Place::Private),
            ("::1 fe80::1 febf::1 fc00::1 fd12:3456::1", Place::Private),
            ("::ffff:127.0.0.1 ::ffff:10.1.2.3 64:ff9b::a00:1 64:ff9b::169.254.169.254", Place::Private),
            ("1.1.1.1 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 169.253.0.1 192.0.1.1", Place::Public),
            ("2606:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::808:808", Place::Public),
            ("0.0.0.0 0.1.2.3 192.0.0.8 192.0.2.1 198.18.0.1 198.51.100.7 203.0.113.1", Place::Nobody),
            ("224.0.0.1 240.0.0.1 255.255.255.255 192.88.99.1", Place::Nobody),
            (":: ::127.0.0.1 ff02::1 fec0::1 2001:db8::1 2001::1 2002:7f00:1:: 64:ff9b:1::1", Place::Nobody),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(place(address.parse().unwrap()), expected, "{address}");
            }
        }
    }

    #[test]
    fn what_is_not_encrypted_stays_inside_and_what_is_not_allowed_inside_stays_outside() {
        let [inside, outside] = ["10.0.0.1", "1.1.1.1"].map(|address| address.parse().unwrap());
        let admitted = |encrypted, allow_private| {
            Reach::of(encrypted, allow_private).map(|reach| (reach.admits(inside), reach.admits(outside)))
        };
        assert_eq!(admitted(true, false), Some((false, true)));
        assert_eq!(admitted(true, true), Some((true, true)));
        assert_eq!(admitted(false, true), Some((true, false)));
        assert_eq!(admitted(false, false), None);
    }

    #[test]
    fn a_model_is_called_on_this_machine_where_it_is_listed_and_elsewhere_only_when_that_is_said() {
        let bounds = |anywhere, listed: &[&str]| Bounds {
            anywhere,
            listed: listed.iter().map(|network| network.parse().unwrap()).collect(),
        };
        for (bounds, address, admitted) in [
            (bounds(false, &[]), "127.0.0.1", true),
            (bounds(false, &[]), "::1", true),
            (bounds(false, &[]), "::ffff:127.0.0.9", true),
            (bounds(false, &[]), "10.0.0.5", false),
            (bounds(false, &[]), "1.1.1.1", false),
            (bounds(false, &["10.0.0.0/24"]), "10.0.0.5", true),
            (bounds(false, &["10.0.0.0/24"]), "::ffff:10.0.0.5", true),
            (bounds(false, &["10.0.0.0/24"]), "10.0.1.5", false),
            (bounds(false, &["0.0.0.0/0"]), "1.1.1.1", false),
            (bounds(true, &[]), "1.1.1.1", true),
            (bounds(true, &[]), "10.0.0.5", false),
            (bounds(true, &[]), "169.254.169.254", false),
            (bounds(true, &["0.0.0.0/0"]), "0.0.0.0", false),
        ] {
            assert_eq!(bounds.admits(address.parse().unwrap()), admitted, "{bounds:?} {address}");
        }
        for (network, private) in [
            ("10.0.0.0/8", true),
            ("192.168.4.0/24", true),
            ("fd00::/8", true),
            ("0.0.0.0/0", false),
            ("1.1.1.0/24", false),
            ("10.0.0.0/7", false),
        ] {
            assert_eq!(Bounds::is_private(network.parse().unwrap()), private, "{network}");
        }
    }
}
