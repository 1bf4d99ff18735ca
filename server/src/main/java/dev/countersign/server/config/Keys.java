package dev.countersign.server.config;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.PrivateFiles;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.VerificationKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// The key files of an installation: `<box>.jwk` holds a box's own private key, `<box>.pub.json`
/// the public keys of a box that runs elsewhere.
public final class Keys {
  private final Path folder;
  private final Set<String> local;

  /// @param local the boxes that run in this process; their private keys are made where missing
  public Keys(Path folder, Set<String> local) {
    this.folder = folder;
    this.local = Set.copyOf(local);
  }

  /// The private key of a box of this process.
  public ECKey own(String box) {
    return KeyFiles.loadOrCreate(file(box));
  }

  /// A private RSA key, for receivers that know RS256 only.
  public RSAKey ownRsa(String name) {
    return KeyFiles.loadOrCreateRsa(file(name));
  }

  /// The public half of an own key, as a JWK Set.
  public ObjectNode publicSet(String name) {
    return KeyFiles.publicSet(List.of(own(name)));
  }

  /// The secret that seals what the token service keeps in its database, made where it is missing.
  /// Replicas share it: copy the file, or name `sts.keys.encryption-key`.
  public Secret stsMaster() {
    return new Secret(
        PrivateFiles.loadOrCreate(
            folder.resolveSibling("secrets").resolve("sts-encryption-key"), () -> Ids.base62(48)));
  }

  /// The secret that seals what the transmitter keeps of its receivers, made where it is missing.
  /// Replicas share it: copy the file, or name `transmitter.seal-key`.
  public Secret transmitterSeal() {
    return new Secret(
        PrivateFiles.loadOrCreate(
            folder.resolveSibling("secrets").resolve("transmitter-encryption-key"),
            () -> Ids.base62(48)));
  }

  /// The public keys of any box.
  ///
  /// @throws IllegalArgumentException saying which file to put where
  public KeySource of(String box) {
    if (local.contains(box)) {
      return KeySource.of(VerificationKeys.of(List.of(own(box))));
    }
    Path known = folder.resolve(box + ".pub.json");
    if (!Files.isRegularFile(known)) {
      throw new IllegalArgumentException(
          "the public keys of `" + box + "` are missing; put its JWK Set at " + known);
    }
    return KeySource.of(KeyFiles.publicKeys(known));
  }

  private Path file(String box) {
    return folder.resolve(box + ".jwk");
  }
}
