package dev.countersign.signals.transmit;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.KeyFiles;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.TokenTypes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// Signs the tokens of each stream for its receiver's audience with the algorithm chosen for it.
///
/// Threads may share it.
public final class TokenSigner implements Polls.TokenWriter {
  private final String issuer;
  private final Map<String, TransmitterConfig.Receiver> receivers;
  private final Map<String, JwtSigner> signers = new HashMap<>(); // by receiver
  private final ObjectNode publicKeys;

  /// @param keys private keys with key ids; the first of each algorithm signs, all are published,
  ///   so that tokens signed before a change of keys still verify
  /// @throws IllegalArgumentException if a receiver's algorithm has no key
  public TokenSigner(TransmitterConfig config, List<JWK> keys) {
    issuer = config.issuer().toString();
    receivers =
        config.receivers().stream()
            .collect(Collectors.toMap(TransmitterConfig.Receiver::workload, one -> one));
    var shared = new HashMap<String, JwtSigner>();
    for (JWK key : keys) {
      var signer = new JwtSigner(key);
      shared.putIfAbsent(signer.algorithm(), signer);
    }
    var published = new ArrayList<>(keys);
    for (TransmitterConfig.Receiver receiver : config.receivers()) {
      receiver.ownKey().ifPresent(published::add);
      JwtSigner signer =
          receiver.ownKey().map(JwtSigner::new).orElseGet(() -> shared.get(receiver.algorithm()));
      if (signer == null) {
        throw new IllegalArgumentException(
            "receiver " + receiver.workload() + ": there is no key for " + receiver.algorithm());
      }
      signers.put(receiver.workload(), signer);
    }
    publicKeys = KeyFiles.publicSet(published);
  }

  @Override
  public String write(Stream stream, DeliveryStore.Due due) {
    TransmitterConfig.Receiver receiver = receivers.get(stream.receiver());
    JwtSigner signer = signers.get(stream.receiver());
    if (receiver == null || signer == null) {
      throw new IllegalStateException("the stream's receiver is not configured");
    }
    return signer.sign(
        TokenTypes.SECURITY_EVENT, Polls.token(issuer, receiver.audience(), due).claims());
  }

  /// The key set to publish.
  public ObjectNode keySet() {
    return publicKeys.deepCopy();
  }
}
