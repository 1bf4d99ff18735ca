package dev.countersign.box;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// Says which address a call to somebody else's host may go to: public ones. A host in the loopback
/// or a private range must be named; link-local addresses, where clouds keep their metadata
/// service, are never called.
///
/// The answer is an address, not a name, and the connection goes to that address, so that a name
/// cannot point elsewhere a moment later. Threads may share it.
public final class AddressGuard {
  private static final int BITS = 8;

  /// What the registries say is not for the public internet (RFC 6890 and its updates).
  private static final List<Range> RESERVED =
      List.of(
          Range.of("0.0.0.0/8"), // this network
          Range.of("10.0.0.0/8"), // private
          Range.of("100.64.0.0/10"), // shared by carriers
          Range.of("127.0.0.0/8"), // loopback
          Range.of("172.16.0.0/12"), // private
          Range.of("192.0.0.0/24"), // protocol assignments
          Range.of("192.0.2.0/24"), // documentation
          Range.of("192.88.99.0/24"), // old relays
          Range.of("192.168.0.0/16"), // private
          Range.of("198.18.0.0/15"), // benchmarks
          Range.of("198.51.100.0/24"), // documentation
          Range.of("203.0.113.0/24"), // documentation
          Range.of("224.0.0.0/3")); // multicast and reserved

  private final Set<String> internalHosts;
  private final Lookup lookup;

  /// @param internalHosts hosts that may be on the loopback interface or in a private network
  public AddressGuard(Set<String> internalHosts) {
    this(internalHosts, InetAddress::getAllByName);
  }

  AddressGuard(Set<String> internalHosts, Lookup lookup) {
    this.internalHosts =
        internalHosts.stream()
            .map(host -> host.toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());
    this.lookup = lookup;
  }

  /// Whether an address as it stands may be called at all: `https`, or `http` to a host that is
  /// named as internal.
  public boolean allows(URI address) {
    return address.getHost() != null
        && address.getRawUserInfo() == null
        && ("https".equals(address.getScheme())
            || ("http".equals(address.getScheme()) && isInternal(address.getHost())));
  }

  /// The address to connect to.
  ///
  /// @throws UnknownHostException if there is none, or one of them must not be called
  InetAddress resolve(String host) throws UnknownHostException {
    InetAddress[] addresses = lookup.addresses(host);
    for (InetAddress address : addresses) {
      // One bad address among good ones is an attack, not a choice.
      if (!isCallable(address, isInternal(host))) {
        throw new UnknownHostException("an address of this host must not be called from here");
      }
    }
    return addresses[0];
  }

  private boolean isInternal(String host) {
    return internalHosts.contains(host.toLowerCase(Locale.ROOT));
  }

  static boolean isCallable(InetAddress address, boolean isNamed) {
    if (address.isLinkLocalAddress()
        || address.isMulticastAddress()
        || address.isAnyLocalAddress()) {
      return false;
    }
    return isNamed || isPublic(address);
  }

  private static boolean isPublic(InetAddress address) {
    int first = number(address.getAddress());
    if (address instanceof Inet4Address) {
      return RESERVED.stream().noneMatch(range -> range.holds(first));
    }
    // Global unicast is 2000::/3; inside it, 2001::/23 is for protocols, 2001:db8::/32 and
    // 3fff::/20 for documentation, and 2002::/16 wraps an IPv4 address.
    boolean isGlobal = (first >>> 29) == 1;
    boolean isProtocol = (first >>> 9) == 0x20010000 >>> 9;
    boolean isDocumentation = first == 0x20010db8 || (first >>> 12) == 0x3fff0000 >>> 12;
    boolean isWrapped = (first >>> 16) == 0x2002;
    return isGlobal && !isProtocol && !isDocumentation && !isWrapped;
  }

  private static int number(byte[] bytes) {
    int number = 0;
    for (int i = 0; i < Integer.BYTES; i++) {
      number = number << BITS | (bytes[i] & 0xff);
    }
    return number;
  }

  /// The platform's names.
  @FunctionalInterface
  interface Lookup {
    InetAddress[] addresses(String host) throws UnknownHostException;
  }

  /// A range of IPv4 addresses.
  private record Range(int start, int bits) {
    static Range of(String text) {
      String[] parts = text.split("/", 2);
      int start = 0;
      for (String part : parts[0].split("\\.", 4)) {
        start = start << BITS | Integer.parseInt(part);
      }
      return new Range(start, Integer.parseInt(parts[1]));
    }

    boolean holds(int address) {
      return address >>> (Integer.SIZE - bits) == start >>> (Integer.SIZE - bits);
    }
  }
}
