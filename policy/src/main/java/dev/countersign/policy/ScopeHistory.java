package dev.countersign.policy;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What is remembered about one person, client, actor or the whole tenant, as one value that is
/// stored and compared as a whole. Unchanging; threads may share it.
///
/// ```json
/// {"9hT0…":{"kind":"amounts","window":86400000,"entries":[[1767268800000,8000]]}}
/// ```
///
/// Values of requests are kept as digests, except where a policy asks for the last one.
public final class ScopeHistory {
  /// Nothing happened yet.
  public static final ScopeHistory EMPTY = new ScopeHistory(Map.of());

  private final Map<String, Track> tracks;

  private ScopeHistory(Map<String, Track> tracks) {
    this.tracks = Collections.unmodifiableMap(new TreeMap<>(tracks));
  }

  /// Reads the stored form.
  ///
  /// @throws MalformedJsonException if it is not ours
  public static ScopeHistory parse(String text) {
    var tracks = new TreeMap<String, Track>();
    for (Map.Entry<String, JsonNode> member : StrictJson.parseObject(text).properties()) {
      tracks.put(member.getKey(), track(member.getValue()));
    }
    return new ScopeHistory(tracks);
  }

  private static Track track(JsonNode json) {
    try {
      var kind = Track.Kind.valueOf(json.path("kind").stringValue().toUpperCase(Locale.ROOT));
      var entries = new ArrayList<Track.Entry>();
      for (JsonNode entry : json.path("entries")) {
        boolean hasAmount = entry.path(1).isIntegralNumber();
        entries.add(
            new Track.Entry(
                entry.path(0).longValue(),
                hasAmount ? entry.path(1).longValue() : 0,
                hasAmount ? "" : entry.path(1).stringValue()));
      }
      return new Track(kind, json.path("window").longValue(), entries);
    } catch (RuntimeException foreign) {
      throw new MalformedJsonException("not the history of a scope");
    }
  }

  /// The stored form.
  public String json() {
    ObjectNode json = StrictJson.object();
    tracks.forEach((id, track) -> {
      ObjectNode one = json.putObject(id);
      one.put("kind", track.kind().name().toLowerCase(Locale.ROOT));
      one.put("window", track.window());
      ArrayNode entries = one.putArray("entries");
      for (Track.Entry entry : track.entries()) {
        ArrayNode pair = entries.addArray().add(entry.at());
        if (entry.value().isEmpty()) {
          pair.add(entry.amount());
        } else {
          pair.add(entry.value());
        }
      }
    });
    return StrictJson.write(json);
  }

  /// This history without a grant that was never used.
  ///
  /// @param given of this scope
  public ScopeHistory without(List<Reserved> given) {
    var less = new TreeMap<>(tracks);
    for (Reserved one : given) {
      less.computeIfPresent(
          one.track(), (_, track) -> track.minus(one.at().toEpochMilli(), one.amount()));
    }
    return new ScopeHistory(less);
  }

  Track track(String id, Track.Kind kind, long window) {
    @Nullable Track track = tracks.get(id);
    return track == null || track.kind() != kind ? Track.empty(kind, window) : track.within(window);
  }

  /// This history with some tracks replaced, and without what counts no more.
  ScopeHistory with(Map<String, Track> changed, long now) {
    var all = new TreeMap<>(tracks);
    all.putAll(changed);
    all.replaceAll((_, track) -> track.pruned(now));
    all.values().removeIf(track -> track.entries().isEmpty());
    return new ScopeHistory(all);
  }
}
