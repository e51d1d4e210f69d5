package dev.jmlx.tests;

import static com.tngtech.archunit.core.domain.JavaModifier.ABSTRACT;
import static com.tngtech.archunit.core.domain.JavaModifier.FINAL;
import static com.tngtech.archunit.core.domain.JavaModifier.NATIVE;
import static com.tngtech.archunit.lang.conditions.ArchConditions.be;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.nio.channels.FileChannel;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// The dependency rules of `docs/design.md`, section 5, in its order.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ArchitectureTest {
    private static final String ENGINE = "dev.jmlx.engine..";
    private static final String[] TOKENIZER = {"dev.jmlx.tokenizer..", "dev.jmlx.jinja..", "dev.jmlx.chat.."};
    private static final String[] SERVER = {"dev.jmlx.http..", "dev.jmlx.cli..", "dev.jmlx.hub.."};

    /// Methods of `FloatVector` and `IntVector` that call `lanewise` of a vector whose class only a profile tells.
    private static final Set<String> SHARED_ARITHMETIC =
            Set.of("add", "sub", "mul", "div", "fma", "min", "max", "abs", "neg", "and", "andNot", "or", "sqrt", "not");

    private JavaClasses all;

    @BeforeAll
    void importClasses() {
        all = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.jmlx");
    }

    @Test
    void engineSeesNoTextAndNoNetwork() {
        noClasses()
                .that()
                .resideInAPackage(ENGINE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(TOKENIZER)
                .check(all);
        noClasses()
                .that()
                .resideInAPackage(ENGINE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(SERVER)
                .check(all);
        noClasses()
                .that()
                .resideInAPackage(ENGINE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty..", "picocli..")
                .check(all);
    }

    @Test
    void tokenizerSeesNeitherEngineNorServer() {
        noClasses()
                .that()
                .resideInAnyPackage(TOKENIZER)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(ENGINE)
                .check(all);
        noClasses()
                .that()
                .resideInAnyPackage(TOKENIZER)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(SERVER)
                .check(all);
    }

    @Test
    void vectorApiStaysInTheCpuBackend() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.jmlx.engine.cpu..", "dev.jmlx.bench..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator.vector..")
                .check(all);
    }

    @Test
    void vectorsOfAnotherWidthLeaveNoTraceInSharedMethods() {
        noClasses()
                .that(DescribedPredicate.describe(
                        "name a width of floats or ints",
                        type -> type.getFieldAccessesFromSelf().stream()
                                .anyMatch(access -> isFloatOrIntVector(access.getTargetOwner())
                                        && access.getTarget().getName().matches("SPECIES_(64|128|256|512|MAX)"))))
                .should()
                .callMethodWhere(DescribedPredicate.describe(
                        "computes by a method that vectors of all widths share",
                        call -> isFloatOrIntVector(call.getTargetOwner())
                                && (SHARED_ARITHMETIC.contains(call.getTarget().getName())
                                        || isByScalar(call.getTarget()))))
                .check(all);
    }

    private static boolean isByScalar(AccessTarget.MethodCallTarget target) {
        return target.getName().equals("lanewise")
                && target.getRawParameterTypes().stream().anyMatch(JavaClass::isPrimitive);
    }

    private static boolean isFloatOrIntVector(JavaClass type) {
        return type.getName().matches("jdk\\.incubator\\.vector\\.(Float|Int)Vector");
    }

    @Test
    void modelsAreWrittenInOperationsOnly() {
        classes()
                .that()
                .resideInAnyPackage("dev.jmlx.engine.model..", "dev.jmlx.engine.nn..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "dev.jmlx.engine.model..",
                        "dev.jmlx.engine.nn..",
                        "dev.jmlx.engine.ops..",
                        "dev.jmlx.engine.tensor..",
                        "dev.jmlx.engine.weights..",
                        "dev.jmlx.engine.cache..",
                        "java.lang..",
                        "java.util",
                        "java.util.function..",
                        "java.util.stream..",
                        "org.jspecify..")
                .check(all);
    }

    @Test
    void onlyWeightsMapFilesAndOnlyMetalIsNative() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.jmlx.engine.weights..")
                .should()
                .callMethodWhere(DescribedPredicate.describe(
                        "maps a file",
                        call -> call.getTarget().getOwner().isEquivalentTo(FileChannel.class)
                                && call.getTarget().getName().equals("map")))
                .check(all);
        noMethods()
                .that()
                .areDeclaredInClassesThat()
                .resideOutsideOfPackage("dev.jmlx.metal..")
                .should()
                .haveModifier(NATIVE)
                .check(all);
    }

    @Test
    void nettyStaysAtTheEdge() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.jmlx.http", "dev.jmlx.http.sse")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(all);
    }

    @Test
    void messagesTalkToTheEngineThroughItsFacade() {
        noClasses()
                .that()
                .resideInAPackage("dev.jmlx.http.messages..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.jmlx.engine.model..",
                        "dev.jmlx.engine.nn..",
                        "dev.jmlx.engine.cpu..",
                        "dev.jmlx.engine.ops..",
                        "dev.jmlx.engine.cache..")
                .check(all);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.jmlx.(**)").should().beFreeOfCycles().check(all);
    }

    @Test
    void onlyTheCommandLinePrints() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.jmlx.cli..", "dev.jmlx.bench..")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(all);
    }

    @Test
    void onlyTheCommandLineReadsTheEnvironment() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.jmlx.cli..", "dev.jmlx.bench..")
                .should()
                .callMethod(System.class, "getenv")
                .orShould()
                .callMethod(System.class, "getenv", String.class)
                .check(all);
    }

    @Test
    void classesAreFinalRecordsEnumsOrSealed() {
        classes()
                .that()
                .areNotInterfaces()
                .and()
                .areNotAnonymousClasses()
                .and()
                .resideOutsideOfPackage("dev.jmlx.bench..")
                .and()
                .areNotEnums()
                .and(DescribedPredicate.not(describeSealed()))
                .should()
                .haveModifier(FINAL)
                .check(all);
    }

    @Test
    void optionalIsForReturnValuesOnly() {
        fields().should().notHaveRawType(Optional.class).check(all);
        methods()
                .should(be(DescribedPredicate.<JavaMethod>describe(
                        "without Optional parameters",
                        method -> method.getRawParameterTypes().stream()
                                .noneMatch(type -> type.isEquivalentTo(Optional.class)))))
                .check(all);
    }

    @Test
    void exceptionsSayWhatTheyAre() {
        noClasses()
                .should()
                .callConstructorWhere(DescribedPredicate.describe(
                        "makes a bare RuntimeException or Exception",
                        call -> (call.getTarget().getOwner().isEquivalentTo(RuntimeException.class)
                                        || call.getTarget().getOwner().isEquivalentTo(Exception.class))
                                && !call.getOriginOwner().isAssignableTo(Throwable.class)))
                .check(all);
    }

    private static DescribedPredicate<JavaClass> describeSealed() {
        return DescribedPredicate.describe(
                "sealed",
                type -> type.getModifiers().contains(ABSTRACT) && type.reflect().isSealed());
    }
}
