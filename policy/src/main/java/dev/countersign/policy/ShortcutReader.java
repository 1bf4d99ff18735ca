package dev.countersign.policy;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.CelCall;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/// Finds the plain part of a checked expression. What is not plain, such as a call with a regular
/// expression or the hour of a time zone, stays a small CEL program of its own, which rules that
/// name the same share.
final class ShortcutReader {
  private static final Set<CelType> PLAIN =
      Set.of(SimpleType.INT, SimpleType.STRING, SimpleType.BOOL);

  private final CelRuntime runtime;
  private final Slots slots;
  private final CelAbstractSyntaxTree whole;
  private int programs;

  private ShortcutReader(CelRuntime runtime, Slots slots, CelAbstractSyntaxTree whole) {
    this.runtime = runtime;
    this.slots = slots;
    this.whole = whole;
  }

  /// The shortcut for a condition; empty where only CEL knows.
  static Optional<Shortcut> read(CelRuntime runtime, Slots slots, CelAbstractSyntaxTree condition)
      throws CelEvaluationException {
    // in parts, each loop would have the whole limit of iterations for itself
    return loops(condition.getExpr()) > 1
        ? Optional.empty()
        : Optional.of(new ShortcutReader(runtime, slots, condition).condition(condition.getExpr()));
  }

  private static int loops(CelExpr expression) {
    int loops = expression.getKind() == Kind.COMPREHENSION ? 1 : 0;
    for (CelExpr part : Condition.parts(expression)) {
      loops += loops(part);
    }
    return loops;
  }

  private Shortcut condition(CelExpr expression) throws CelEvaluationException {
    if (expression.getKind() == Kind.SELECT && expression.select().testOnly()) {
      Shortcut.Term object = path(expression.select().operand());
      if (object != null) {
        return new Shortcut.Has(object, expression.select().field());
      }
    }
    if (expression.getKind() == Kind.CALL) {
      Shortcut call = call(expression.call());
      if (call != null) {
        return call;
      }
    }
    return new Shortcut.Flag(term(expression));
  }

  private @Nullable Shortcut call(CelCall call) throws CelEvaluationException {
    List<CelExpr> of = call.args();
    return switch (call.function()) {
      case "_&&_" -> cheapestFirst(of, Shortcut.Both::new);
      case "_||_" -> cheapestFirst(of, Shortcut.Either::new);
      case "!_" -> new Shortcut.Not(condition(of.get(0)));
      case "_<_" -> order(of, true, false, false);
      case "_<=_" -> order(of, true, true, false);
      case "_>_" -> order(of, false, false, true);
      case "_>=_" -> order(of, false, true, true);
      case "_==_" -> same(of);
      case "_!=_" -> {
        Shortcut same = same(of);
        yield same == null ? null : new Shortcut.Not(same);
      }
      case "@in" -> in(of);
      default -> null;
    };
  }

  /// Which side is asked first changes nothing but the cost.
  private Shortcut cheapestFirst(List<CelExpr> of, BinaryOperator<Shortcut> join)
      throws CelEvaluationException {
    int before = programs;
    Shortcut left = condition(of.get(0));
    int between = programs;
    Shortcut right = condition(of.get(1));
    return between - before > programs - between
        ? join.apply(right, left)
        : join.apply(left, right);
  }

  private @Nullable Shortcut order(List<CelExpr> of, boolean less, boolean same, boolean greater)
      throws CelEvaluationException {
    return of.stream().allMatch(side -> type(side).equals(SimpleType.INT))
        ? new Shortcut.Order(term(of.get(0)), term(of.get(1)), less, same, greater)
        : null;
  }

  private @Nullable Shortcut same(List<CelExpr> of) throws CelEvaluationException {
    return of.stream().allMatch(side -> PLAIN.contains(type(side)))
        ? new Shortcut.Same(term(of.get(0)), term(of.get(1)))
        : null;
  }

  private @Nullable Shortcut in(List<CelExpr> of) throws CelEvaluationException {
    CelExpr list = of.get(1);
    if (!PLAIN.contains(type(of.get(0))) || type(list).kind() != CelKind.LIST) {
      return null;
    }
    if (list.getKind() == Kind.LIST) {
      var values = new HashSet<Object>();
      for (CelExpr item : list.list().elements()) {
        Object value = constant(item);
        if (value == null) {
          return null;
        }
        values.add(value);
      }
      return new Shortcut.OneOf(term(of.get(0)), values);
    }
    Shortcut.Term items = path(list);
    return items == null ? null : new Shortcut.In(term(of.get(0)), items);
  }

  private Shortcut.Term term(CelExpr expression) throws CelEvaluationException {
    Object constant = constant(expression);
    if (constant != null) {
      return new Shortcut.Constant(constant);
    }
    Shortcut.Term path = path(expression);
    if (path != null) {
      return path;
    }
    if (expression.getKind() == Kind.CALL) {
      Shortcut.Term computed = computed(expression);
      if (computed != null) {
        return computed;
      }
    }
    return byCel(expression);
  }

  private @Nullable Object constant(CelExpr expression) {
    return expression.getKind() == Kind.CONSTANT
        ? switch (expression.constant().getKind()) {
          case INT64_VALUE -> (Object) expression.constant().int64Value();
          case STRING_VALUE -> expression.constant().stringValue();
          case BOOLEAN_VALUE -> expression.constant().booleanValue();
          default -> null;
        }
        : null;
  }

  private Shortcut.@Nullable Term path(CelExpr expression) {
    var steps = new ArrayList<String>();
    CelExpr at = expression;
    while (at.getKind() == Kind.SELECT && !at.select().testOnly()) {
      steps.addFirst(at.select().field());
      at = at.select().operand();
    }
    if (at.getKind() != Kind.IDENT || !Conditions.VARIABLES.contains(at.ident().name())) {
      return null;
    }
    String root = at.ident().name();
    List<String> names = List.copyOf(steps);
    return new Shortcut.Once(
        slots.number(spelling(expression)), slots, variables -> follow(variables, root, names));
  }

  private static @Nullable Object follow(
      Map<String, Object> variables, String root, List<String> names) {
    Object value = variables.get(root);
    for (String name : names) {
      if (!(value instanceof Map<?, ?> members)) {
        return null;
      }
      value = members.get(name);
    }
    return value;
  }

  private Shortcut.@Nullable Term computed(CelExpr expression) throws CelEvaluationException {
    CelCall call = expression.call();
    List<CelExpr> of = call.args();
    if (!type(expression).equals(SimpleType.INT)) {
      return null;
    }
    return switch (call.function()) {
      case "_+_", "_-_", "_*_" ->
          of.stream().allMatch(side -> type(side).equals(SimpleType.INT))
              ? new Shortcut.Computed(call.function().charAt(1), term(of.get(0)), term(of.get(1)))
              : null;
      case "size" -> {
        Shortcut.Term list =
            call.target().isEmpty() && type(of.get(0)).kind() == CelKind.LIST
                ? path(of.get(0))
                : null;
        yield list == null ? null : new Shortcut.Size(list);
      }
      default -> null;
    };
  }

  /// A part that CEL computes, once for all conditions that name the same.
  private Shortcut.Term byCel(CelExpr expression) throws CelEvaluationException {
    programs++;
    CelRuntime.Program program =
        runtime.createProgram(
            CelAbstractSyntaxTree.newCheckedAst(
                expression, whole.getSource(), whole.getReferenceMap(), whole.getTypeMap()));
    return new Shortcut.Once(
        slots.number(spelling(expression)),
        slots,
        variables -> {
          try {
            return program.eval(variables);
          } catch (CelEvaluationException | RuntimeException unsure) {
            return null; // the whole condition says why
          }
        });
  }

  private CelType type(CelExpr expression) {
    return whole.getTypeOrThrow(expression.id());
  }

  /// The same for two expressions that say the same; for one with a loop, its own.
  private static Object spelling(CelExpr expression) {
    return switch (expression.getKind()) {
      case CONSTANT -> new Spelled("", expression.constant(), List.of());
      case IDENT -> new Spelled("ident", expression.ident().name(), List.of());
      case SELECT ->
          new Spelled(
              expression.select().testOnly() ? "has" : "select",
              expression.select().field(),
              List.of(spelling(expression.select().operand())));
      case CALL -> {
        var parts = new ArrayList<Object>();
        expression.call().target().ifPresent(target -> parts.add(spelling(target)));
        expression.call().args().forEach(part -> parts.add(spelling(part)));
        yield new Spelled(
            expression.call().target().isPresent() ? "of" : "call",
            expression.call().function(),
            parts);
      }
      case LIST ->
          new Spelled(
              "list",
              "",
              expression.list().elements().stream().map(ShortcutReader::spelling).toList());
      case MAP, STRUCT, COMPREHENSION, NOT_SET -> new Object();
    };
  }

  private record Spelled(String kind, Object name, List<Object> parts) {}
}
