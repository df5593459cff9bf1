use datafusion::prelude::*;
fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let query = std::env::args().nth(1).unwrap_or_else(|| "select 1".into());
    let batches = runtime.block_on(async {
        let context = SessionContext::new();
        context.sql(&query).await?.collect().await
    });
    println!("{batches:?}");
}
