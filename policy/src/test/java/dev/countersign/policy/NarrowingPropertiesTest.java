package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.AuthorizationDetails;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// What a chain may ask for is within what it has, by a rule per type: RFC 9396 §6.1.
class NarrowingPropertiesTest {
  private static final TypeRegistry TYPES =
      types(
          """
          types:
            - name: t
              sentence: Do
              narrows: {/most: at-most, /least: at-least, /what: subset}
              schema:
                type: object
                required: [most, least, what, name]
                properties:
                  most: { type: integer, minimum: 0, maximum: 100 }
                  least: { type: integer, minimum: 0, maximum: 100 }
                  what: { type: array, maxItems: 4, items: { enum: [a, b, c, d] } }
                  name: { enum: [x, y] }
          """);

  record One(int most, int least, Set<String> what, String name) {
    String json() {
      return "{\"type\":\"t\",\"most\":%d,\"least\":%d,\"what\":[%s],\"name\":\"%s\"}"
          .formatted(
              most,
              least,
              what.stream().map(w -> '"' + w + '"').collect(Collectors.joining(",")),
              name);
    }

    boolean isWithin(One wider) {
      boolean some = what.equals(wider.what) || (!what.isEmpty() && wider.what.containsAll(what));
      return most <= wider.most && least >= wider.least && some && name.equals(wider.name);
    }
  }

  @Provide
  Arbitrary<List<One>> details() {
    return Combinators.combine(
            Arbitraries.integers().between(0, 4),
            Arbitraries.integers().between(0, 4),
            Arbitraries.of("a", "b", "c", "d").set().ofMaxSize(3),
            Arbitraries.of("x", "y"))
        .as((most, least, what, name) -> new One(most, least, new TreeSet<>(what), name))
        .list()
        .ofMinSize(1)
        .ofMaxSize(4);
  }

  @Property(tries = 1_000)
  void C06_withinIsWhatAnExhaustiveSearchFinds(
      @ForAll("details") List<One> asked, @ForAll("details") List<One> held) {
    assertThat(TYPES.isWithin(of(asked), of(held))).isEqualTo(search(asked, held));
  }

  @Property(tries = 200)
  void everythingIsWithinItselfInAnyOrder(@ForAll("details") List<One> some) {
    var shuffled = new ArrayList<>(some);
    Collections.shuffle(shuffled, new Random(1));

    assertThat(TYPES.isWithin(of(shuffled), of(some))).isTrue();
  }

  @Property(tries = 1_000)
  void narrowingTwiceIsNarrowing(
      @ForAll("details") List<One> a,
      @ForAll("details") List<One> b,
      @ForAll("details") List<One> c) {
    if (TYPES.isWithin(of(a), of(b)) && TYPES.isWithin(of(b), of(c))) {
      assertThat(TYPES.isWithin(of(a), of(c))).isTrue();
    }
  }

  private static boolean search(List<One> asked, List<One> held) {
    if (asked.isEmpty()) {
      return true;
    }
    for (int i = 0; i < held.size(); i++) {
      var left = new ArrayList<>(held);
      One wider = left.remove(i);
      if (asked.getFirst().isWithin(wider) && search(asked.subList(1, asked.size()), left)) {
        return true;
      }
    }
    return false;
  }

  private static AuthorizationDetails of(List<One> some) {
    return AuthorizationDetails.parse(
        some.stream().map(One::json).collect(Collectors.joining(",", "[", "]")));
  }

  private static TypeRegistry types(String yaml) {
    try {
      Path file = Files.createTempFile("types", ".yaml");
      file.toFile().deleteOnExit();
      Files.writeString(file, yaml);
      return TypeRegistry.load(file);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
