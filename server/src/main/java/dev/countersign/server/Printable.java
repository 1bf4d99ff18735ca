package dev.countersign.server;

/// A foreign text for a terminal: nothing in it can move the cursor or hide a part.
final class Printable {
  private Printable() {}

  static String of(String text) {
    var printable = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          boolean isVisible =
              c == ' '
                  || (c > ' '
                      && c != 0x7f
                      && Character.isDefined(c)
                      && !Character.isISOControl(c)
                      && Character.getType(c) != Character.FORMAT
                      && Character.getType(c) != Character.PRIVATE_USE);
          if (isVisible) {
            printable.appendCodePoint(c);
          } else {
            printable.append(String.format("\\u{%x}", c));
          }
        });
    return printable.toString();
  }
}
