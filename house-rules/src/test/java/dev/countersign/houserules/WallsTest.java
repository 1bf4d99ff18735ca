package dev.countersign.houserules;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/// Who may know whom, over all class files of the house. Each rule says why, because the failure
/// message is where it is read.
class WallsTest {
  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.countersign");

  /// How a room is reached or where it stores: one package each, below the room.
  private static final String[] ADAPTERS = {
    "dev.countersign.*.http..",
    "dev.countersign.*.postgres..",
    "dev.countersign.*.mail..",
    "dev.countersign.*.*.http..",
    "dev.countersign.*.*.postgres..",
    "dev.countersign.*.*.mail.."
  };

  /// Where adapters are built and joined: one package per room, and the program.
  private static final String[] ASSEMBLY = {
    "dev.countersign.*.box..", "dev.countersign.server..", "dev.countersign.bench.."
  };

  /// Rooms that decide. The others (listener and pool, configuration files, development identity
  /// providers, the console's pages, the agent's client) exist to do I/O.
  private static final DescribedPredicate<JavaClass> DOMAIN =
      resideInAnyPackage(
              "dev.countersign.protocol..",
              "dev.countersign.policy..",
              "dev.countersign.ledger..",
              "dev.countersign.sts..",
              "dev.countersign.broker..",
              "dev.countersign.gateway..",
              "dev.countersign.signals..")
          .and(DescribedPredicate.not(resideInAnyPackage(ADAPTERS)))
          .and(DescribedPredicate.not(resideInAnyPackage(ASSEMBLY)))
          .as("the domain of a room");

  private static final DescribedPredicate<JavaClass> PROGRAMS =
      resideInAnyPackage("dev.countersign.server..", "dev.countersign.bench..");

  /// Who waits between two tries spreads the pauses; that they can be guessed harms nobody.
  private static final DescribedPredicate<JavaClass> PAUSES =
      JavaClass.Predicates.simpleName("Database")
          .or(JavaClass.Predicates.simpleName("ReceiverBox"))
          .or(JavaClass.Predicates.simpleNameEndingWith("Loop"))
          .as("who only spreads pauses");

  @Test
  void theDomainKnowsNoAdapter() {
    check(
        noClasses()
            .that(DOMAIN)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(ADAPTERS)
            .orShould()
            .dependOnClassesThat()
            .resideInAnyPackage(ASSEMBLY)
            .because("what we decide must not depend on how we are reached or where we store"));
  }

  @Test
  void theDomainDoesNoInputOrOutput() {
    DescribedPredicate<JavaClass> files =
        resideInAnyPackage("java.nio.file..", "java.nio.channels..")
            .and(DescribedPredicate.not(JavaClass.Predicates.type(java.nio.file.Path.class)))
            .as("files (a path as a value is no access)");
    check(
        noClasses()
            .that(DOMAIN)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "javax.sql..", "java.net.http..", "io.helidon..")
            .orShould()
            .dependOnClassesThat(files)
            .because("a decision that does I/O cannot be tested by a table"));
  }

  @Test
  void theDomainDoesNotLog() {
    DescribedPredicate<JavaClass> edges =
        resideInAnyPackage("dev.countersign.gateway.mcp..")
            .or(JavaClass.Predicates.simpleNameEndingWith("Loop"))
            .as("edges: what answers a call, and loops that nobody calls");
    check(
        noClasses()
            .that(DOMAIN.and(DescribedPredicate.not(edges)))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.slf4j..", "ch.qos.logback..", "java.util.logging..")
            .because("log or return, never both: the edge logs faults once"));
  }

  @Test
  void adaptersDoNotKnowEachOther() {
    check(
        slices()
            .matching("dev.countersign.(**).(http|postgres|mail)..")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(
                DescribedPredicate.alwaysTrue(),
                resideInAnyPackage("dev.countersign.protocol.http.."))
            .because(
                "we replace one without reading the others; protocol.http is the one shared client"));
  }

  @Test
  void roomsHaveNoCycles() {
    check(
        slices()
            .matching("dev.countersign.(*)..")
            .should()
            .beFreeOfCycles()
            .because("a room one cannot read alone is not a room"));
  }

  @Test
  void theProtocolKnowsNoRoom() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.countersign.protocol..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage("dev.countersign..")
                    .and(DescribedPredicate.not(resideInAnyPackage("dev.countersign.protocol..")))
                    .as("a room"))
            .because("the words of the standards are shared by all rooms and owned by none"));
  }

  @Test
  void theTransmitterAndTheActingHalfNeverMeet() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.countersign.signals.transmit..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.countersign.signals.act..")
            .because("who sends signals must not reach the admin credentials of who acts on them"));
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.countersign.signals.act..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.countersign.signals.transmit..")
            .because("who acts on signals believes only what is signed on the wire"));
  }

  @Test
  void theGatewayReachesTheOtherBoxesByWireOnly() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.countersign.gateway..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "dev.countersign.sts..",
                "dev.countersign.broker..",
                "dev.countersign.policy..",
                "dev.countersign.signals..")
            .because(
                "the box that faces agents carries neither signing keys nor the code that mints"));
  }

  @Test
  void onlyTheProgramsKnowTheDevelopmentIdentityProviders() {
    check(
        noClasses()
            .that(
                DescribedPredicate.not(PROGRAMS)
                    .and(DescribedPredicate.not(resideInAnyPackage("dev.countersign.idp.."))))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.countersign.idp..")
            .because("a stand-in for an identity provider has no place in production code"));
  }

  @Test
  void onlyTheProgramsKnowRoomsThatTheyDoNotNeed() {
    check(
        noClasses()
            .that(DescribedPredicate.not(PROGRAMS))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.countersign.server..", "dev.countersign.bench..")
            .because("wiring is the outermost layer"));
  }

  @Test
  void onlyTheProtocolReadsTokens() {
    check(
        noClasses()
            .that(
                DescribedPredicate.not(
                    resideInAnyPackage("dev.countersign.protocol..")
                        .or(JavaClass.Predicates.simpleName("SetVerifier")) // no `exp` there
                        .or(JavaClass.Predicates.simpleName("BareServer")))) // what we measure by
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.nimbusds.jwt..")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching(
                "com\\.nimbusds\\.jose\\.(JWSObject|JOSEObject|JWSVerifier|JWEObject)")
            .because(
                "every token passes our strict pre-check first: libraries accept many spellings"));
  }

  @Test
  void onlyTheProtocolOpensJsonParsers() {
    check(
        noClasses()
            .that(DescribedPredicate.not(resideInAnyPackage("dev.countersign.protocol..")))
            .should()
            .dependOnClassesThat()
            .haveNameMatching(
                "tools\\.jackson\\.(databind\\.(ObjectMapper|ObjectReader|json\\.JsonMapper)"
                    + "|core\\.(JsonParser|json\\.JsonFactory)).*")
            .because("one strict parser: a duplicate member must mean the same to every box"));
  }

  @Test
  void onlyTheGuardedClientCallsOut() {
    check(
        noClasses()
            .that(
                DescribedPredicate.not(
                    PROGRAMS.or(
                        resideInAnyPackage(
                            "dev.countersign.protocol.http..", "dev.countersign.agent.."))))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.net.http..")
            .because("time-outs, sizes, redirects and addresses are guarded in one place"));
  }

  @Test
  void timeComesFromOutside() {
    check(
        noClasses()
            .that(DescribedPredicate.not(PROGRAMS))
            .should()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC")
            .orShould()
            .callMethod(Clock.class, "systemDefaultZone")
            .orShould()
            .callMethod(InstantSource.class, "system")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(LocalDate.class, "now")
            .orShould()
            .callMethod(LocalDateTime.class, "now")
            .orShould()
            .callMethod(OffsetDateTime.class, "now")
            .orShould()
            .callMethod(ZonedDateTime.class, "now")
            .orShould()
            .callConstructor(java.util.Date.class)
            .because("expiry is tested with a clock we hold; take an InstantSource"));
  }

  @Test
  void randomnessCannotBeGuessed() {
    check(
        noClasses()
            .that(DescribedPredicate.not(PAUSES))
            .should()
            .callConstructor(Random.class)
            .orShould()
            .callConstructor(Random.class, long.class)
            .orShould()
            .callMethod(ThreadLocalRandom.class, "current")
            .orShould()
            .callMethod(Math.class, "random")
            .because("ids, codes and passwords come from SecureRandom; so does everything else"));
  }

  @Test
  void onlyTheProgramsWriteToTheTerminal() {
    check(
        noClasses()
            .that(DescribedPredicate.not(PROGRAMS))
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace")
            .because("what a box has to say goes through its log, where secrets are kept out"));
  }

  @Test
  void nobodyReadsSerializedObjects() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .areAssignableTo(java.io.ObjectInputStream.class)
            .because("reading an object stream runs code that the sender chose"));
  }

  @Test
  void packagesAreNamedByNounsOfTheField() {
    check(
        noClasses()
            .should()
            .resideInAnyPackage(
                "..model..",
                "..dto..",
                "..service..",
                "..services..",
                "..impl..",
                "..util..",
                "..utils..",
                "..exception..",
                "..exceptions..",
                "..common..",
                "..helper..",
                "..helpers..")
            .orShould()
            .haveSimpleNameEndingWith("Impl")
            .orShould()
            .haveSimpleNameEndingWith("Utils")
            .orShould()
            .haveSimpleNameEndingWith("Util")
            .orShould()
            .haveSimpleNameEndingWith("Helper")
            .because("a name says what a thing is, not which kind of file it is"));
  }

  private static void check(ArchRule rule) {
    rule.check(HOUSE);
  }
}
