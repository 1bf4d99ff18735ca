package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FreePortTest {
  @Test
  void givesNoPortTwiceAndNoneThatAnOutgoingConnectionCouldTake() {
    var ports = Stream.generate(FreePort::any).limit(200).toList();

    assertThat(ports).doesNotHaveDuplicates().allMatch(port -> port >= 20_000 && port < 32_000);
  }

  @Test
  void aPortAtWhichSomebodyListensIsNotFree() throws IOException {
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(FreePort.isFree(listener.getLocalPort())).isFalse();
    }
    assertThat(IntStream.range(0, 10).map(i -> FreePort.any())).allMatch(FreePort::isFree);
  }
}
