package dev.countersign.policy;

import com.google.common.collect.ImmutableSet;
import dev.cel.checker.CelStandardDeclarations;
import dev.cel.checker.CelStandardDeclarations.StandardFunction;
import dev.cel.checker.CelStandardDeclarations.StandardFunction.Overload.Comparison;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelIssue;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelValidationResult;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.ListType;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import dev.cel.validator.CelValidator;
import dev.cel.validator.CelValidatorFactory;
import dev.cel.validator.validators.DurationLiteralValidator;
import dev.cel.validator.validators.RegexLiteralValidator;
import dev.cel.validator.validators.TimestampLiteralValidator;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Compiles the conditions of one policy for one type of element: names and types are checked now,
/// so that a misspelt member or a text compared with a number never reaches a decision.
final class Conditions {
  static final String REQUEST = "request";
  static final String REQUESTS = "requests";
  static final String SUBJECT = "subject";
  static final String CAPS = "caps";
  static final String CLIENT = "client";
  static final String ACTOR = "actor";
  static final String SCOPES = "scopes";
  static final String NOW = "now";
  static final String HISTORY = "history";
  static final String TOTAL = "total";
  static final String RESOURCE = "resource";

  /// What an expression may read.
  static final Set<String> VARIABLES =
      ImmutableSet.of(
          REQUEST, REQUESTS, SUBJECT, CLIENT, ACTOR, SCOPES, NOW, CAPS, HISTORY, TOTAL, RESOURCE);

  private static final int MOST_ITERATIONS = 1_000;
  private static final int LONGEST_EXPRESSION = 4_096;
  private static final Pattern UNDEFINED_FIELD = Pattern.compile("undefined field '([^']*)'.*");
  private static final Pattern UNDECLARED = Pattern.compile("undeclared reference to '([^']*)'.*");

  private static final CelOptions CHECKING =
      CelOptions.current()
          .comprehensionMaxIterations(MOST_ITERATIONS)
          .maxExpressionCodePointSize(LONGEST_EXPRESSION)
          .enableHeterogeneousNumericComparisons(false)
          .build();
  // the planner runtime demands it; what it would allow does not pass the checker
  private static final CelOptions RUNNING =
      CHECKING.toBuilder().enableHeterogeneousNumericComparisons(true).build();

  /// `dyn` would switch the checks off again, and an amount is never compared with a fraction.
  private static final CelStandardDeclarations DECLARATIONS =
      CelStandardDeclarations.newBuilder()
          .filterFunctions((function, overload) ->
              function != StandardFunction.DYN
                  && !(overload instanceof Comparison comparison
                      && comparison.isHeterogeneousComparison()))
          .build();

  private final Set<String> fieldNames;
  private final CelCompiler compiler;
  private final CelRuntime runtime;
  private final CelValidator literals;
  private final Slots slots = new Slots();
  private final Map<List<Condition.Read>, List<Condition.Read>> reads = new HashMap<>();

  /// @param request shape of the element that the conditions are about
  /// @param history counters and patterns
  /// @param total counters
  /// @param resource facts about the things that elements are about
  Conditions(
      String type,
      Shape.Members request,
      Shape.Members subject,
      Shape.Members caps,
      Shape.Members history,
      Shape.Members total,
      Shape.Members resource) {
    var types = new CelTypes();
    CelType element = types.of(type, request);
    // no type of element starts with a slash, so nothing can be called the same
    CelType person = types.of("/" + SUBJECT, subject);
    CelType constants = types.of("/" + CAPS, caps);
    CelType past = types.of("/" + HISTORY, history);
    CelType sums = types.of("/" + TOTAL, total);
    CelType things = types.of("/" + RESOURCE, resource);
    CelTypeProvider provider = types.provider();
    fieldNames = types.fieldNames();
    compiler =
        CelCompilerFactory.standardCelCompilerBuilder()
            .setOptions(CHECKING)
            .setStandardEnvironmentEnabled(false)
            .setStandardDeclarations(DECLARATIONS)
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addVar(REQUEST, element)
            .addVar(REQUESTS, ListType.create(element))
            .addVar(SUBJECT, person)
            .addVar(CAPS, constants)
            .addVar(HISTORY, past)
            .addVar(TOTAL, sums)
            .addVar(RESOURCE, things)
            .addVar(CLIENT, SimpleType.STRING)
            .addVar(ACTOR, SimpleType.STRING)
            .addVar(SCOPES, ListType.create(SimpleType.STRING))
            .addVar(NOW, SimpleType.TIMESTAMP)
            .setTypeProvider(provider)
            .build();
    runtime =
        CelRuntimeFactory.plannerRuntimeBuilder()
            .setOptions(RUNNING)
            .setTypeProvider(provider)
            .build();
    literals =
        CelValidatorFactory.standardCelValidatorBuilder(compiler, runtime)
            .addAstValidators(
                RegexLiteralValidator.INSTANCE,
                TimestampLiteralValidator.INSTANCE,
                DurationLiteralValidator.INSTANCE)
            .build();
  }

  /// Told what is wrong with an expression.
  @FunctionalInterface
  interface Complain {
    /// Takes one complaint.
    ///
    /// @param offset index in the expression
    void at(int offset, String message);
  }

  /// Compiles a condition.
  ///
  /// @param complain is told every error with its place in the expression
  Optional<Condition> compile(String expression, Complain complain) {
    return compile(expression, Set.of(SimpleType.BOOL), "true or false", complain)
        .map(Compiled::condition);
  }

  /// Compiles a value that a counter takes: an integer or a text.
  Optional<Compiled> compileValue(String expression, Complain complain) {
    return compile(
        expression, Set.of(SimpleType.INT, SimpleType.STRING), "an integer or a text", complain);
  }

  /// An expression with what it comes to.
  record Compiled(Condition condition, Shape.Scalar shape) {}

  private Optional<Compiled> compile(
      String expression, Set<CelType> results, String words, Complain complain) {
    try {
      CelValidationResult checked = compiler.compile(expression);
      CelValidationResult result =
          checked.hasError() ? checked : literals.validate(checked.getAst());
      if (result.hasError()) {
        result
            .getErrors()
            .forEach(issue -> complain.at(offset(expression, issue), describe(issue)));
        return Optional.empty();
      }
      CelAbstractSyntaxTree ast = checked.getAst();
      if (!patternsAreSafe(ast, ast.getExpr(), expression, complain)) {
        return Optional.empty();
      }
      if (!results.contains(ast.getResultType())) {
        complain.at(0, "must come to " + words + ", not to " + ast.getResultType().name());
        return Optional.empty();
      }
      Shape.Scalar shape =
          ast.getResultType().equals(SimpleType.BOOL)
              ? Shape.Scalar.FLAG
              : ast.getResultType().equals(SimpleType.INT)
                  ? Shape.Scalar.INTEGER
                  : Shape.Scalar.TEXT;
      return Optional.of(new Compiled(condition(ast), shape));
    } catch (CelValidationException | CelEvaluationException unusable) {
      complain.at(0, "not a usable condition");
      return Optional.empty();
    }
  }

  /// A pattern is the policy's: one that a request brings could cost whatever its author likes.
  private static boolean patternsAreSafe(
      CelAbstractSyntaxTree ast, CelExpr part, String expression, Complain complain) {
    boolean areSafe = true;
    if (part.getKind() == Kind.CALL && part.call().function().equals("matches")) {
      CelExpr pattern = part.call().args().getLast();
      boolean isWritten =
          pattern.getKind() == Kind.CONSTANT
              && pattern.constant().getKind() == CelConstant.Kind.STRING_VALUE;
      Optional<String> problem =
          isWritten
              ? SafePattern.problem(pattern.constant().stringValue())
              : Optional.of("the pattern of `matches` must be written in the condition");
      if (problem.isPresent()) {
        int points = ast.getSource().getPositionsMap().getOrDefault(pattern.id(), 0);
        int most = expression.codePointCount(0, expression.length());
        complain.at(expression.offsetByCodePoints(0, Math.min(points, most)), problem.get());
        areSafe = false;
      }
    }
    for (CelExpr inner : Condition.parts(part)) {
      areSafe &= patternsAreSafe(ast, inner, expression, complain);
    }
    return areSafe;
  }

  private Condition condition(CelAbstractSyntaxTree ast) throws CelEvaluationException {
    Shortcut shortcut =
        ast.getResultType().equals(SimpleType.BOOL)
            ? ShortcutReader.read(runtime, slots, ast).orElse(null)
            : null;
    List<Condition.Read> read = Condition.reads(ast.getExpr(), VARIABLES);
    return new Condition(
        runtime.createProgram(ast),
        shortcut,
        ast.getExpr(),
        reads.computeIfAbsent(read, same -> same));
  }

  private static int offset(String expression, CelIssue issue) {
    int start = 0;
    for (int line = 1; line < issue.getSourceLocation().getLine(); line++) {
      start = expression.indexOf('\n', start) + 1;
    }
    int column = Math.max(0, issue.getSourceLocation().getColumn());
    int most = expression.codePointCount(start, expression.length());
    int at = expression.offsetByCodePoints(start, Math.min(column, most));
    boolean isStep = at < expression.length() && expression.charAt(at) == '.';
    return isStep ? at + 1 : at; // the member, not the dot before it
  }

  private String describe(CelIssue issue) {
    String message = issue.getMessage().lines().findFirst().orElse("");
    Matcher field = UNDEFINED_FIELD.matcher(message);
    if (field.matches()) {
      return "no member `" + field.group(1) + "`" + hint(field.group(1), fieldNames);
    }
    Matcher name = UNDECLARED.matcher(message);
    if (name.matches()) {
      return "unknown name `" + name.group(1) + "`" + hint(name.group(1), known());
    }
    int candidates = message.indexOf(" (candidates:");
    String brief = candidates < 0 ? message : message.substring(0, candidates);
    return brief
        + (brief.contains("double") ? "; amounts are integers, write 5000 and not 5000.0" : "");
  }

  private static String hint(String name, Collection<String> known) {
    return Nearest.hint(name, known);
  }

  private static Set<String> known() {
    var names = new TreeSet<>(VARIABLES);
    names.addAll(List.of("size", "has", "all", "exists", "timestamp", "duration"));
    return names;
  }
}
