package dev.countersign.policy;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.StrictJson;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads the ceilings of agents.
///
/// ```yaml
/// ceilings:
///   gateway:
///     types: [urn:example:refund]
///     actions: [process_refund]
///     maxima:
///       urn:example:refund: { operationDetails.amount: 100000 }
///     hours: { days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00", zone: Europe/Berlin }
///   "*": { types: [] }
/// ```
final class CeilingReader {
  private static final List<String> DAYS = List.of("mon", "tue", "wed", "thu", "fri", "sat", "sun");

  private final TypeRegistry types;

  CeilingReader(TypeRegistry types) {
    this.types = types;
  }

  /// @param content gets what was read, in the file's own form
  Map<String, Ceiling> read(ConfigSection file, ObjectNode content) {
    var ceilings = new TreeMap<String, Ceiling>();
    Map<String, ConfigSection> sections = file.named("ceilings");
    if (!sections.isEmpty()) {
      ObjectNode written = content.putObject("ceilings");
      sections.forEach(
          (name, section) -> ceilings.put(name, ceiling(section, written.putObject(name))));
    }
    return ceilings;
  }

  private Ceiling ceiling(ConfigSection section, ObjectNode written) {
    @Nullable Set<String> allowed = texts(section, "types", written);
    if (allowed != null) {
      allowed.stream()
          .filter(type -> types.find(type).isEmpty())
          .forEach(type ->
              section.problem(
                  "types", "no such type is registered" + Nearest.hint(type, types.types())));
    }
    @Nullable Set<String> actions = texts(section, "actions", written);
    var maxima = new LinkedHashMap<String, List<Ceiling.Maximum>>();
    Optional<ConfigSection> limits = section.optionalSection("maxima");
    if (limits.isPresent()) {
      ObjectNode kept = written.putObject("maxima");
      limits
          .get()
          .keys()
          .forEach(type -> maxima.put(type, maxima(limits.get(), type, kept.putObject(type))));
    }
    Optional<Ceiling.Hours> hours =
        section.optionalSection("hours").flatMap(inner -> hours(inner, written.putObject("hours")));
    section.done();
    return new Ceiling(allowed, actions, maxima, hours.orElse(null));
  }

  private List<Ceiling.Maximum> maxima(ConfigSection limits, String type, ObjectNode written) {
    ConfigSection section = limits.section(type);
    var maxima = new ArrayList<Ceiling.Maximum>();
    Optional<RegisteredType> registered = types.find(type);
    if (registered.isEmpty()) {
      limits.problem(type, "no such type is registered" + Nearest.hint(type, types.types()));
      return maxima;
    }
    for (String path : section.keys()) {
      long most = section.integer(path);
      List<String> names = List.of(path.split("\\.", -1));
      String pointer = String.join("", names.stream().map(Shape::step).toList());
      Optional<Shape.Found> found = registered.get().shape().find(pointer);
      if (found.isEmpty()) {
        var known = new TreeSet<String>();
        registered
            .get()
            .shape()
            .pointers()
            .forEach(p -> known.add(p.substring(1).replace('/', '.')));
        section.problem(path, "no such member" + Nearest.hint(path, known));
      } else if (found.get().shape() != Shape.Scalar.INTEGER) {
        section.problem(path, "only an integer has a maximum");
      }
      maxima.add(new Ceiling.Maximum(path, names, most));
      written.put(path, most);
    }
    return List.copyOf(maxima);
  }

  private static Optional<Ceiling.Hours> hours(ConfigSection section, ObjectNode written) {
    var days = EnumSet.noneOf(DayOfWeek.class);
    List<String> names = section.has("days") ? section.texts("days") : DAYS;
    for (String name : names) {
      int index = DAYS.indexOf(name.toLowerCase(Locale.ROOT));
      if (index < 0) {
        section.problem("days", "must be of " + String.join(", ", DAYS));
      } else {
        days.add(DayOfWeek.of(index + 1));
      }
    }
    Optional<LocalTime> from = time(section, "from");
    Optional<LocalTime> to = time(section, "to");
    Optional<ZoneId> zone = zone(section);
    section.done();
    if (from.isEmpty() || to.isEmpty() || zone.isEmpty()) {
      return Optional.empty();
    }
    ArrayNode kept = written.putArray("days");
    days.forEach(day -> kept.add(DAYS.get(day.getValue() - 1)));
    written.put("from", from.get().toString());
    written.put("to", to.get().toString());
    written.put("zone", zone.get().getId());
    return Optional.of(new Ceiling.Hours(days, from.get(), to.get(), zone.get()));
  }

  private static Optional<LocalTime> time(ConfigSection section, String key) {
    String text = section.text(key);
    try {
      return text.isEmpty() ? Optional.empty() : Optional.of(LocalTime.parse(text));
    } catch (DateTimeException malformed) {
      section.problem(key, "must be a time such as \"08:00\", in quotes");
      return Optional.empty();
    }
  }

  private static Optional<ZoneId> zone(ConfigSection section) {
    String text = section.text("zone");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (!ZoneId.getAvailableZoneIds().contains(text)) {
      section.problem(
          "zone",
          "must be the name of a time zone such as Europe/Berlin"
              + Nearest.didYouMean(text, ZoneId.getAvailableZoneIds()));
      return Optional.empty();
    }
    return Optional.of(ZoneId.of(text));
  }

  private static @Nullable Set<String> texts(
      ConfigSection section, String key, ObjectNode written) {
    if (!section.has(key)) {
      return null;
    }
    var texts = new LinkedHashSet<>(section.texts(key));
    ArrayNode kept = StrictJson.array();
    texts.forEach(kept::add);
    written.set(key, kept);
    return texts;
  }
}
