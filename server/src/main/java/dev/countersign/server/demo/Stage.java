package dev.countersign.server.demo;

import java.io.PrintStream;

/// Prints the story: chapters, steps with their expected and real outcome, coloured where the
/// terminal can. One thread at a time.
final class Stage {
  private final PrintStream out;
  private final boolean colour;
  private int unexpected;
  private int steps;

  Stage(PrintStream out, boolean colour) {
    this.out = out;
    this.colour = colour;
  }

  void chapter(String title) {
    out.println();
    out.println(paint("1;36", "━━ " + title + " " + "━".repeat(Math.max(3, 86 - title.length()))));
  }

  void scene(String text) {
    out.println();
    out.println(paint("1", "  " + text));
  }

  /// A step whose outcome was what the story expects: something was allowed.
  void allowed(String who, String what) {
    steps++;
    out.println("    " + paint("32", "✔ ") + label(who) + what);
  }

  /// A step whose outcome was what the story expects: something was refused.
  void refused(String who, String what) {
    steps++;
    out.println("    " + paint("33", "✋ ") + label(who) + what);
  }

  /// A step that waits for somebody.
  void waiting(String who, String what) {
    steps++;
    out.println("    " + paint("35", "… ") + label(who) + what);
  }

  /// A remark that is no step.
  void note(String text) {
    out.println("      " + paint("2", text));
  }

  void line(String text) {
    out.println(text);
  }

  /// A step whose outcome was not what the story expects.
  void wrong(String who, String what) {
    steps++;
    unexpected++;
    out.println("    " + paint("1;31", "✘ UNEXPECTED ") + label(who) + what);
  }

  /// Notes a step by whether its outcome was the expected one.
  void check(boolean asExpected, boolean refusal, String who, String what) {
    if (!asExpected) {
      wrong(who, what);
    } else if (refusal) {
      refused(who, what);
    } else {
      allowed(who, what);
    }
  }

  int unexpected() {
    return unexpected;
  }

  int steps() {
    return steps;
  }

  boolean isColoured() {
    return colour;
  }

  private String label(String who) {
    return paint("1;34", who + " ".repeat(Math.max(1, 14 - who.length())));
  }

  private String paint(String code, String text) {
    return colour ? "\u001B[" + code + "m" + text + "\u001B[0m" : text;
  }
}
