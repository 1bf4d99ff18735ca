package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;

/// A running installation of which one line of our own source was weakened on purpose: the file is
/// compiled anew, and all classes of the house are loaded with it, beside the good ones.
final class MutatedHouse implements AutoCloseable {
  private static final String HOUSE = "dev.countersign.";

  private final AutoCloseable house;
  private final URLClassLoader loader;

  private MutatedHouse(AutoCloseable house, URLClassLoader loader) {
    this.house = house;
    this.loader = loader;
  }

  /// Weakens one line and starts everything.
  ///
  /// @param source below the project's folder
  /// @param line what stands there, once
  /// @param weakened what stands there instead
  static MutatedHouse open(
      ProveStage stage, Path folder, String source, String line, String weakened)
      throws IOException, ReflectiveOperationException {
    URLClassLoader loader = loader(folder, source, line, weakened);
    Object opened =
        loader
            .loadClass(HOUSE + "server.House")
            .getMethod("open", Path.class, Map.class, InstantSource.class, Consumer.class)
            .invoke(
                null,
                stage.config(),
                stage.variables(),
                InstantSource.system(),
                (Consumer<String>) _ -> {});
    return new MutatedHouse((AutoCloseable) opened, loader);
  }

  /// Weakens one line and runs a command of the program that results.
  static int run(Path folder, String source, String line, String weakened, String... arguments)
      throws IOException, ReflectiveOperationException {
    try (URLClassLoader loader = loader(folder, source, line, weakened)) {
      return (int)
          loader
              .loadClass(HOUSE + "server.Main")
              .getMethod("run", String[].class)
              .invoke(null, (Object) arguments);
    }
  }

  private static URLClassLoader loader(Path folder, String source, String line, String weakened)
      throws IOException {
    String text = Files.readString(Path.of("..").resolve(source));
    assertThat(text.split(Pattern.quote(line), -1))
        .as("the line to weaken stands once in " + source)
        .hasSize(2);
    Path classes = compiled(folder, source, text.replace(line, weakened));
    return new Weakened(urls(classes));
  }

  private static Path compiled(Path folder, String source, String text) throws IOException {
    Path classes = Files.createTempDirectory(folder, "weakened-");
    Path file = classes.resolve(source.substring(source.lastIndexOf('/') + 1));
    Files.writeString(file, text);
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-nowarn",
                "-d",
                classes.toString(),
                "-cp",
                System.getProperty("java.class.path"),
                file.toString());
    assertThat(failed).as("the weakened " + source + " compiles").isZero();
    return classes;
  }

  private static URL[] urls(Path first) throws MalformedURLException {
    var urls = new ArrayList<URL>(List.of(first.toUri().toURL()));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      urls.add(Path.of(entry).toUri().toURL());
    }
    return urls.toArray(new URL[0]);
  }

  @Override
  public void close() {
    try {
      house.close();
      loader.close();
    } catch (Exception failed) {
      throw new IllegalStateException("the weakened installation did not stop", failed);
    }
  }

  /// Loads the house's own classes itself, and everything else where it is loaded already.
  private static final class Weakened extends URLClassLoader {
    Weakened(URL[] urls) {
      super(urls, MutatedHouse.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(HOUSE)) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        return known == null ? findClass(name) : known;
      }
    }
  }
}
