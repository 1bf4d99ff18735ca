package dev.countersign.box;

import dev.countersign.protocol.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/// The `.sql` files of one class path folder, from all jars and folders that have it.
///
/// @param texts file names and their content, in order of the names
record Scripts(SortedMap<String, String> texts) {
  Scripts {
    texts = Collections.unmodifiableSortedMap(new TreeMap<>(texts));
  }

  /// @throws IllegalArgumentException if there is no such folder or no script in it
  static Scripts in(String location) {
    return in(location, Scripts.class.getClassLoader());
  }

  static Scripts in(String location, ClassLoader loader) {
    var texts = new TreeMap<String, String>();
    try {
      for (URL found : Collections.list(loader.getResources(location + "/"))) {
        URLConnection connection = found.openConnection();
        if (connection instanceof JarURLConnection jar) {
          readJar(jar, location, texts);
        } else {
          readFolder(Path.of(uri(found)), texts);
        }
      }
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
    if (texts.isEmpty()) {
      throw new IllegalArgumentException("there are no migrations in " + location);
    }
    return new Scripts(texts);
  }

  private static URI uri(URL url) throws IOException {
    try {
      return url.toURI();
    } catch (URISyntaxException malformed) {
      throw new IOException(malformed);
    }
  }

  private static void readJar(
      JarURLConnection connection, String location, SortedMap<String, String> to)
      throws IOException {
    JarFile jar = connection.getJarFile();
    String prefix = location + "/";
    for (JarEntry entry : Collections.list(jar.entries())) {
      String name = entry.getName();
      if (name.startsWith(prefix) && name.endsWith(".sql")) {
        try (InputStream content = jar.getInputStream(entry)) {
          to.put(
              name.substring(prefix.length()),
              new String(content.readAllBytes(), StandardCharsets.UTF_8));
        }
      }
    }
  }

  private static void readFolder(Path folder, SortedMap<String, String> to) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(".sql")) {
          to.put(name, Files.readString(file));
        }
      }
    }
  }

  /// A digest over names and contents.
  String digest() {
    var all = new StringBuilder();
    texts.forEach((name, text) -> all.append(name).append('\0').append(text).append('\0'));
    return Digest.sha256(all.toString());
  }
}
