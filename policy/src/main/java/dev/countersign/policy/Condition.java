package dev.countersign.policy;

import dev.cel.common.ast.CelExpr;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// One compiled expression: a `when` or `where`, or a value that a counter takes. Threads may share
/// it.
final class Condition {
  private final CelRuntime.Program program;
  private final @Nullable Shortcut shortcut;
  private final List<Read> reads;
  private final List<Object> constants;

  /// @param shortcut to the same answer; null where there is none
  /// @param expression what `program` was made of
  /// @param reads what [#reads] makes of it
  Condition(
      CelRuntime.Program program,
      @Nullable Shortcut shortcut,
      CelExpr expression,
      List<Read> reads) {
    this.program = program;
    this.shortcut = shortcut;
    this.reads = reads;
    var found = new ArrayList<Object>();
    constants(expression, found);
    this.constants = List.copyOf(found);
  }

  /// Whether it holds.
  ///
  /// @throws CelEvaluationException if that cannot be said
  boolean holds(Facts facts) throws CelEvaluationException {
    return switch (withoutCel(facts)) {
      case TRUE -> true;
      case FALSE -> false;
      case UNSURE -> holds(facts.variables());
    };
  }

  /// What its plain part says.
  Shortcut.Answer withoutCel(Facts facts) {
    return shortcut == null ? Shortcut.Answer.UNSURE : shortcut.answer(facts);
  }

  /// Whether it holds, by CEL alone.
  ///
  /// @throws CelEvaluationException if that cannot be said
  boolean holds(Map<String, Object> variables) throws CelEvaluationException {
    Object answer = program.eval(variables);
    if (answer instanceof Boolean holds) {
      return holds;
    }
    throw new IllegalStateException("a condition must be true or false");
  }

  /// What it comes to: a 64-bit integer or a text.
  ///
  /// @throws CelEvaluationException if that cannot be said
  Object value(Map<String, Object> variables) throws CelEvaluationException {
    Object answer = program.eval(variables);
    if (answer instanceof Long || answer instanceof String) {
      return answer;
    }
    throw new IllegalStateException("a value must be an integer or a text");
  }

  /// What the expression reads.
  List<Read> reads() {
    return reads;
  }

  /// The integers and texts that the expression names.
  List<Object> constants() {
    return constants;
  }

  /// The names that it reads below a root, such as counters below `history`.
  Set<String> names(String root) {
    var names = new TreeSet<String>();
    for (Read read : reads) {
      if (read.root().equals(root) && !read.names().isEmpty()) {
        names.add(read.names().getFirst());
      }
    }
    return names;
  }

  /// Something that an expression reads.
  ///
  /// @param path such as `subject.refund_limit`
  record Read(String path, String root, List<String> names) {
    static Read of(String path) {
      List<String> steps = List.of(path.split("\\.", -1));
      return new Read(path, steps.getFirst(), steps.subList(1, steps.size()));
    }
  }

  private static void constants(CelExpr expression, List<Object> found) {
    if (expression.getKind() == CelExpr.ExprKind.Kind.CONSTANT) {
      switch (expression.constant().getKind()) {
        case INT64_VALUE -> found.add(expression.constant().int64Value());
        case STRING_VALUE -> found.add(expression.constant().stringValue());
        default -> {}
      }
    }
    parts(expression).forEach(part -> constants(part, found));
  }

  /// Collects the paths below `roots` that an expression reads.
  static List<Read> reads(CelExpr expression, Set<String> roots) {
    var paths = new TreeSet<String>();
    collect(expression, roots, paths);
    return paths.stream().map(Read::of).toList();
  }

  private static void collect(CelExpr expression, Set<String> roots, Set<String> paths) {
    Optional<String> path = path(expression, roots);
    if (path.isPresent()) {
      paths.add(path.get());
      return;
    }
    parts(expression).forEach(part -> collect(part, roots, paths));
  }

  private static Optional<String> path(CelExpr expression, Set<String> roots) {
    return switch (expression.getKind()) {
      case IDENT ->
          roots.contains(expression.ident().name())
              ? Optional.of(expression.ident().name())
              : Optional.empty();
      case SELECT ->
          path(expression.select().operand(), roots)
              .map(operand -> operand + "." + expression.select().field());
      default -> Optional.empty();
    };
  }

  /// The expressions that an expression is made of.
  static List<CelExpr> parts(CelExpr expression) {
    var parts = new ArrayList<CelExpr>();
    switch (expression.getKind()) {
      case SELECT -> parts.add(expression.select().operand());
      case CALL -> {
        expression.call().target().ifPresent(parts::add);
        parts.addAll(expression.call().args());
      }
      case LIST -> parts.addAll(expression.list().elements());
      case MAP ->
          expression
              .map()
              .entries()
              .forEach(entry -> {
                parts.add(entry.key());
                parts.add(entry.value());
              });
      case STRUCT -> expression.struct().entries().forEach(entry -> parts.add(entry.value()));
      case COMPREHENSION -> {
        parts.add(expression.comprehension().iterRange());
        parts.add(expression.comprehension().accuInit());
        parts.add(expression.comprehension().loopCondition());
        parts.add(expression.comprehension().loopStep());
        parts.add(expression.comprehension().result());
      }
      case NOT_SET, CONSTANT, IDENT -> {}
    }
    return parts;
  }
}
