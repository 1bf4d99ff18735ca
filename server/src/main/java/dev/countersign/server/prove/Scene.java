package dev.countersign.server.prove;

import dev.countersign.protocol.TraceContext;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;

/// Where the attacks of one property are played: notes each with what came of it. An attack that
/// ends in an exception counts as broken: nobody is shown to have refused it.
public final class Scene {
  private final List<Trial> trials = new ArrayList<>();
  private final List<Trial> earlier;

  /// @param earlier what was played before, in other scenes
  Scene(List<Trial> earlier) {
    this.earlier = List.copyOf(earlier);
  }

  /// What was played before, in other scenes.
  List<Trial> earlier() {
    return earlier;
  }

  /// What was played so far.
  List<Trial> trials() {
    return List.copyOf(trials);
  }

  /// Plays an attack that must be refused.
  ///
  /// @param attack its id in the corpus of attacks
  /// @param box who must refuse it
  /// @param expected the refusal, in words
  /// @param play answers what was seen, and whether that is the refusal
  <T> void refused(
      String attack,
      String box,
      String tried,
      String expected,
      Supplier<T> play,
      Function<T, Seen> judge) {
    play(Trial.Kind.ATTACK, attack, box, tried, expected, play, judge);
  }

  /// Looks at something that must be as expected.
  <T> void looked(
      String attack,
      String box,
      String tried,
      String expected,
      Supplier<T> play,
      Function<T, Seen> judge) {
    play(Trial.Kind.LOOK, attack, box, tried, expected, play, judge);
  }

  private <T> void play(
      Trial.Kind kind,
      String attack,
      String box,
      String tried,
      String expected,
      Supplier<T> play,
      Function<T, Seen> judge) {
    TraceContext trace = TraceContext.entering("");
    var seen = new AtomicReference<Seen>(new Seen(false, "nothing"));
    long start = System.nanoTime();
    trace.run(() -> seen.set(outcome(play, judge)));
    var took = Duration.ofNanos(System.nanoTime() - start);
    trials.add(
        new Trial(
            kind,
            attack,
            tried,
            box,
            expected,
            seen.get().text(),
            seen.get().asExpected() ? Result.HELD : Result.BROKEN,
            List.of(),
            trace.traceId(),
            took));
  }

  /// The same for an attack that tells by itself what was seen.
  void refused(String attack, String box, String tried, String expected, Supplier<Seen> play) {
    refused(attack, box, tried, expected, play, seen -> seen);
  }

  /// Plays what must go through: without it, a refusal of everything would look like a guard.
  void control(String box, String tried, String expected, Supplier<Seen> play) {
    play(Trial.Kind.CONTROL, "", box, tried, expected, play, seen -> seen);
  }

  /// Notes what cannot be tried here, and why.
  void untried(String attack, String box, String tried, String why) {
    trials.add(
        new Trial(
            Trial.Kind.ATTACK,
            attack,
            tried,
            box,
            "",
            why,
            Result.UNTRIED,
            List.of(),
            "",
            Duration.ZERO));
  }

  private static <T> Seen outcome(Supplier<T> play, Function<T, Seen> judge) {
    try {
      return judge.apply(play.get());
    } catch (UnavailableException away) {
      return new Seen(false, "no answer: " + away.getMessage());
    } catch (RuntimeException failed) {
      return new Seen(false, "the attack broke off: " + failed.getMessage());
    }
  }

  /// What was seen.
  ///
  /// @param asExpected whether it is the refusal that was claimed
  public record Seen(boolean asExpected, String text) {}
}
