"""The development tables of the comparison, chosen once, before anything was measured."""

# 12 binary, 6 multiclass, 6 regression; 500 to 10,000 rows; strings, dates, missing cells and wide ones among them;
# none simulated, no two of one family.
DATASETS = (
    "oulad_students",
    "bank_customer_churn",
    "modeldata_stackoverflow",
    "aer_resumenames",
    "fivethirtyeight_dem_candidates",
    "student_portuguese_pass",
    "modeldata_taxi",
    "bayesrules_moma",
    "home_equity_3462",
    "marketing_campaign",
    "qsar_biodegradation",
    "mldatar_stroke_classification",
    "stat2data_hawks",
    "cardiodatasets_acs_patients_df",
    "openintro_birds",
    "statlog_landsat_satellite",
    "mice_protein",
    "bayesrules_pulse_of_the_nation",
    "fueleconomy_vehicles",
    "openintro_lego_population",
    "usa_car_auctions",
    "hollywood_movies",
    "modeldata_hotel_rates",
    "colleges_usnews",
)
# What 300 s are measured on.
LONG = (
    "oulad_students",
    "marketing_campaign",
    "mldatar_stroke_classification",
    "openintro_birds",
    "mice_protein",
    "hollywood_movies",
)
