package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.protocol.StrictJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KeyFilesTest {
  @TempDir Path folder;

  @Test
  void makesAKeyOnceAndKeepsIt() throws Exception {
    Path file = folder.resolve("keys").resolve("sts.jwk");
    var made = KeyFiles.loadOrCreate(file);
    assertThat(made.getKeyID()).isEqualTo(made.computeThumbprint().toString());
    assertThat(KeyFiles.loadOrCreate(file)).isEqualTo(made);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("keys"))))
        .isEqualTo("rwx------");
  }

  @Test
  void makesOneKeyWhenSeveralAskAtOnce() throws Exception {
    Path file = folder.resolve("shared.jwk");
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var asked =
          IntStream.range(0, 8)
              .mapToObj(_ -> threads.submit(() -> KeyFiles.loadOrCreate(file).getKeyID()))
              .toList();
      var ids = new java.util.HashSet<String>();
      for (var each : asked) {
        ids.add(each.get());
      }
      assertThat(ids).hasSize(1);
    }
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void makesRsaKeysToo() {
    Path file = folder.resolve("rsa.jwk");
    var made = KeyFiles.loadOrCreateRsa(file);
    assertThat(KeyFiles.loadOrCreateRsa(file)).isEqualTo(made);
    assertThatThrownBy(() -> KeyFiles.loadOrCreate(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not an EC P-256 key");
  }

  @Test
  void refusesAKeyThatOthersMayRead() throws Exception {
    Path file = folder.resolve("open.jwk");
    KeyFiles.loadOrCreate(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> KeyFiles.loadOrCreate(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("chmod 600");
  }

  @Test
  void refusesAFileThatIsNoPrivateKey_withoutRepeatingIt() throws Exception {
    for (String content :
        List.of("hunter2", "{}", KeyFiles.newEc().toPublicJWK().toJSONString(), "")) {
      Path file = folder.resolve("wrong.jwk");
      Files.deleteIfExists(file);
      Files.writeString(file, content);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      assertThatThrownBy(() -> KeyFiles.loadOrCreate(file))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("wrong.jwk")
          .hasMessageNotContaining("hunter2");
    }
  }

  @Test
  void publishesOnlyPublicHalves() throws Exception {
    JWK ec = KeyFiles.newEc();
    JWK rsa = KeyFiles.newRsa();
    var set = KeyFiles.publicSet(List.of(ec, rsa));
    assertThat(StrictJson.write(set)).doesNotContain("\"d\"", "\"p\"", "\"q\"");
    assertThat(set.path("keys").valueStream().map(key -> key.path("alg").asString()))
        .containsExactly("ES256", "RS256");
    Path file = Files.writeString(folder.resolve("set.json"), StrictJson.write(set));
    assertThat(KeyFiles.publicKeys(file).has(ec.getKeyID())).isTrue();
    Path one = Files.writeString(folder.resolve("one.json"), ec.toPublicJWK().toJSONString());
    assertThat(KeyFiles.publicKeys(one).has(ec.getKeyID())).isTrue();
    assertThatThrownBy(() -> KeyFiles.publicKeys(folder.resolve("none.json")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(set.path("keys").valueStream().collect(Collectors.toList())).hasSize(2);
  }
}
