package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressGuardTest {
  private static final AddressGuard GUARD = new AddressGuard(Set.of("idp.corp.example"));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "192.0.2.1",
        "0.1.2.3",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "fc00::1",
        "fd12:3456::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
        "2001::1"
      })
  void B04_refusesAddressesInsideUnlessTheHostIsNamed(String address) throws Exception {
    InetAddress inside = InetAddress.getByName(address);

    assertThat(AddressGuard.isCallable(inside, false)).isFalse();
    assertThat(AddressGuard.isCallable(inside, true)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1"})
  void B04_neverCallsLinkLocalMulticastOrNoAddress(String address) throws Exception {
    assertThat(AddressGuard.isCallable(InetAddress.getByName(address), true)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "8.8.8.8",
        "172.15.255.255",
        "172.32.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2003::1"
      })
  void callsPublicAddresses(String address) throws Exception {
    assertThat(AddressGuard.isCallable(InetAddress.getByName(address), false)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://idp.example/keys",
        "ftp://idp.corp.example/keys",
        "file:///etc/passwd",
        "gopher://idp.example/",
        "https://good@idp.example/keys",
        "https:///keys"
      })
  void B03_refusesOtherSchemesAndUserInformation(String address) {
    assertThat(GUARD.allows(URI.create(address))).isFalse();
  }

  @Test
  void takesHttpOnlyToHostsNamedAsInternal() {
    assertThat(GUARD.allows(URI.create("https://idp.example/keys"))).isTrue();
    assertThat(GUARD.allows(URI.create("http://IDP.corp.example:8080/keys"))).isTrue();
  }

  @Test
  void B05_oneBadAddressAmongGoodOnesRefusesTheHost() throws Exception {
    var mixed =
        new AddressGuard(
            Set.of(),
            _ ->
                new InetAddress[] {
                  InetAddress.getByName("8.8.8.8"), InetAddress.getByName("10.0.0.1")
                });

    assertThatThrownBy(() -> mixed.resolve("rebinding.example"))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageNotContaining("10.0.0.1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"2130706433", "127.1", "0"})
  void B04_refusesOtherSpellingsOfAnInsideAddress(String host) {
    assertThatThrownBy(() -> GUARD.resolve(host)).isInstanceOf(UnknownHostException.class);
  }
}
