package dev.countersign.server.prove;

/// A security property: a claim, and the attacks that would show it to be false.
///
/// @param name its stable name, such as `token-is-exact`
/// @param claim what is claimed, in one sentence
/// @param threat who attacks
/// @param attacks plays them
public record Property(String name, String claim, String threat, Attacks attacks) {

  /// Plays the attacks of one property.
  @FunctionalInterface
  public interface Attacks {
    void play(Scene scene);
  }
}
